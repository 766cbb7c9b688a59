package dev.lockstep.trainer.cli;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Small files as users bring them. */
final class Samples {

  /** Of the flowers, as they are sorted. */
  static final List<String> COLORS = List.of("blue", "green", "red");

  static final int SIDE = 6;

  private Samples() {}

  /**
   * A flower: four measures and a color, which they tell most of the time.
   *
   * @param measures as the text of a CSV file has them
   */
  record Flower(List<String> measures, String color) {

    float[] values() {
      float[] values = new float[measures.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.parseFloat(measures.get(i));
      }
      return values;
    }
  }

  static List<Flower> flowers(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Flower> flowers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int color = i % COLORS.size();
      List<String> measures = new ArrayList<>();
      for (int j = 0; j < 4; j++) {
        double center = (color * (j + 1)) % 3 - 1;
        measures.add(
            String.format(Locale.ROOT, "%.2f", center + 1.6 * (random.nextDouble() - 0.5)));
      }
      flowers.add(new Flower(measures, COLORS.get(color)));
    }
    return flowers;
  }

  static Path csv(Path file, List<Flower> flowers) throws IOException {
    List<String> lines = new ArrayList<>(List.of("length,width,height,weight,color"));
    flowers.forEach(f -> lines.add(String.join(",", f.measures()) + "," + f.color()));
    return Files.write(file, lines);
  }

  /**
   * Images and labels in IDX files: item i is of class {@code labels[i]}, whose row of pixels is
   * bright.
   */
  static Path idx(Path folder, int[] labels, long seed) throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve("images-idx3-ubyte"), images(labels, seed));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0x801);
    out.writeInt(labels.length);
    for (int label : labels) {
      out.writeByte(label);
    }
    Files.write(folder.resolve("labels-idx1-ubyte"), bytes.toByteArray());
    return folder;
  }

  /** The file of the images alone. */
  static byte[] images(int[] labels, long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0x803);
    out.writeInt(labels.length);
    out.writeInt(SIDE);
    out.writeInt(SIDE);
    for (int label : labels) {
      for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
        out.writeByte(random.nextInt(200) + (pixel / SIDE == label ? 55 : 0));
      }
    }
    return bytes.toByteArray();
  }
}
