package dev.lockstep.ps;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reference values from PyTorch: the committed ones, or those under {@code -Dlockstep.golden}. */
public final class GoldenFiles {

  private GoldenFiles() {}

  /** The cases of a file, for example {@code clipping.json}. */
  public static List<JsonNode> cases(String file) throws IOException {
    String folder = System.getProperty("lockstep.golden", "");
    if (folder.isBlank()) {
      return committed(file);
    }
    Path inside = Path.of(folder, "pytorch", file);
    try (InputStream in =
        Files.newInputStream(Files.exists(inside) ? inside : Path.of(folder, file))) {
      return list(new ObjectMapper().readTree(in));
    }
  }

  /** The cases of a file as committed. */
  public static List<JsonNode> committed(String file) throws IOException {
    try (InputStream in = GoldenFiles.class.getResourceAsStream("/golden/pytorch/" + file)) {
      return list(new ObjectMapper().readTree(in));
    }
  }

  /** A JSON list of numbers. */
  public static double[] doubles(JsonNode numbers) {
    double[] values = new double[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = numbers.get(i).asDouble();
    }
    return values;
  }

  /** A JSON list of numbers, rounded. */
  public static float[] floats(JsonNode numbers) {
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers.get(i).asDouble();
    }
    return values;
  }

  private static List<JsonNode> list(JsonNode array) {
    List<JsonNode> cases = new ArrayList<>();
    array.forEach(cases::add);
    return cases;
  }
}
