package dev.lockstep.trainer.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run.json}: the golden sample of version 1, and how others are refused. */
public class RunRecordTest {

  @TempDir private Path folder;

  /** The golden sample of the current version. */
  public static JsonNode golden() throws IOException {
    return new ObjectMapper().readTree(sample());
  }

  private static String sample() throws IOException {
    try (InputStream in = RunRecordTest.class.getResourceAsStream("run-v1.json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Paths of all fields but those of the configuration and of class names. */
  public static SortedSet<String> names(JsonNode record) {
    SortedSet<String> names = new TreeSet<>();
    addNames(record, "", names);
    return names;
  }

  private static void addNames(JsonNode node, String path, SortedSet<String> names) {
    if (path.equals("/config") || path.equals("/data/classes")) {
      return;
    }
    for (JsonNode element : node.isArray() ? node : List.<JsonNode>of()) {
      addNames(element, path + "/", names);
    }
    node.properties()
        .forEach(
            field -> {
              names.add(path + "/" + field.getKey());
              addNames(field.getValue(), path + "/" + field.getKey(), names);
            });
  }

  private RunFolder holding(String record) throws IOException {
    Files.writeString(folder.resolve(RunFolder.RECORD), record);
    return new RunFolder(folder.toString(), new Configuration());
  }

  private String refusal(String record) throws IOException {
    RunFolder run = holding(record);
    String message = assertThrows(IOException.class, run::classes).getMessage();
    assertTrue(message.startsWith("file:" + folder + "/run.json is "), message);
    return message.substring(message.indexOf(" is ") + 1);
  }

  @Test
  void theGoldenSampleOfVersion1IsRead() throws IOException {
    RunFolder run = holding(sample());
    assertEquals(Map.of("labels", List.of("cat", "dog", "owl")), run.classes());
    assertTrue(run.recipe().isEmpty());
  }

  @Test
  void anotherVersionIsRefusedByItsNumber() throws IOException {
    assertEquals(
        "is a run record of formatVersion=2 != 1: use the version of Lockstep that wrote it, or"
            + " train again with this one",
        refusal(sample().replace("\"formatVersion\": 1", "\"formatVersion\": 2")));
    assertTrue(refusal("{}").startsWith("is a run record of formatVersion=none != 1: "));
  }

  @Test
  void whatIsNoJsonIsRefused() throws IOException {
    String message = refusal("{\"formatVersion\": 1, ");
    assertTrue(message.startsWith("is not the record of a run: "), message);
    assertTrue(message.endsWith(": restore it, or move the model elsewhere"), message);
  }
}
