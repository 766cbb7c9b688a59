package dev.lockstep.sharding.ingest.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.sharding.ingest.text.TextRange.TextFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextRangeTest {

  private static final Configuration CONF = new Configuration();

  @TempDir Path folder;

  private static List<String> lines(List<List<TextRange>> groups) throws IOException {
    List<String> found = new ArrayList<>();
    for (List<TextRange> group : groups) {
      for (TextRange range : group) {
        try (TextLines lines = new TextLines(range, CONF)) {
          for (String line = lines.next(); line != null; line = lines.next()) {
            found.add(line);
          }
        }
      }
    }
    return found;
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void eachLineIsInOneRangeWhereverTheFileIsCut(String lineBreak) throws IOException {
    Random random = new Random(1);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      expected.add(i + "x".repeat(random.nextInt(12)));
    }
    for (String end : List.of("", lineBreak)) {
      Path file = folder.resolve("lines.txt");
      Files.writeString(file, String.join(lineBreak, expected) + end);
      for (int bytes = 1; bytes < 100; bytes++) {
        assertEquals(
            expected,
            lines(
                TextRange.groups(
                    List.of(new TextFile(file.toString(), Files.size(file), true)), bytes)));
      }
    }
  }

  @Test
  void compressedFilesAreReadWhole() throws IOException {
    Path file = folder.resolve("lines.txt.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("one\ntwo\nthree\n".getBytes(StandardCharsets.UTF_8));
    }
    assertEquals(
        List.of("one", "two", "three"),
        lines(TextRange.groups(List.of(new TextFile(file.toString(), 34, false)), 5)));
  }

  @Test
  void smallFilesShareAGroupAndKeepTheirOrder() {
    List<TextFile> files =
        List.of(
            new TextFile("a", 10, true),
            new TextFile("b", 5, true),
            new TextFile("c", 45, true),
            new TextFile("d", 3, false));
    assertEquals(
        List.of(
            List.of(new TextRange("a", 0, 10), new TextRange("b", 0, 5)),
            List.of(new TextRange("c", 0, 20)),
            List.of(new TextRange("c", 20, 40)),
            List.of(new TextRange("c", 40, 45), new TextRange("d", 0, TextRange.WHOLE))),
        TextRange.groups(files, 20));
  }

  @Test
  void linesKnowTheirNumberInTheFile() throws IOException {
    Path file = folder.resolve("numbered.txt");
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= 40; i++) {
      text.append("line ").append(i).append('\n');
    }
    Files.writeString(file, text);
    int seen = 0;
    for (List<TextRange> group :
        TextRange.groups(List.of(new TextFile(file.toString(), Files.size(file), true)), 50)) {
      try (TextLines lines = new TextLines(group.get(0), CONF)) {
        for (String line = lines.next(); line != null; line = lines.next()) {
          assertEquals(file + ", " + line, lines.where());
          seen++;
        }
      }
    }
    assertEquals(40, seen);
  }

  @Test
  void aByteOrderMarkIsNoPartOfTheFirstLine() throws IOException {
    Path file = folder.resolve("marked.txt");
    Files.writeString(file, "\uFEFFa,b\n1,2\n");
    List<String> found =
        lines(TextRange.groups(List.of(new TextFile(file.toString(), 12, true)), 100));
    assertEquals(List.of("a,b", "1,2"), found);
  }
}
