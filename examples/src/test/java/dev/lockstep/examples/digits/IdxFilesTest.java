package dev.lockstep.examples.digits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.examples.digits.IdxFiles.Compression;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFilesTest {

  private static final DigitGenerator GENERATOR = new DigitGenerator(3);

  @TempDir private Path folder;

  @Test
  void filesHoldTheDigitsInOrder() throws IOException {
    IdxFiles.Pair pair = IdxFiles.write(GENERATOR, 5, 12, folder, "train", Compression.NONE);

    try (DataInputStream images = new DataInputStream(Files.newInputStream(pair.images()));
        DataInputStream labels = new DataInputStream(Files.newInputStream(pair.labels()))) {
      assertEquals(0x00000803, images.readInt());
      assertEquals(7, images.readInt());
      assertEquals(28, images.readInt());
      assertEquals(28, images.readInt());
      assertEquals(0x00000801, labels.readInt());
      assertEquals(7, labels.readInt());
      for (int i = 5; i < 12; i++) {
        Digit digit = GENERATOR.digit(i);
        assertArrayEquals(digit.image(), images.readNBytes(28 * 28));
        assertEquals(digit.label(), labels.readByte());
      }
      assertEquals(0, images.readAllBytes().length);
      assertEquals(0, labels.readAllBytes().length);
    }
  }

  @Test
  void compressedFilesHoldTheSameBytes() throws IOException {
    IdxFiles.Pair plain = IdxFiles.write(GENERATOR, 0, 20, folder, "a", Compression.NONE);
    IdxFiles.Pair gzip = IdxFiles.write(GENERATOR, 0, 20, folder, "a", Compression.GZIP);

    assertArrayEquals(Files.readAllBytes(plain.images()), unzipped(gzip.images()));
    assertArrayEquals(Files.readAllBytes(plain.labels()), unzipped(gzip.labels()));
  }

  @Test
  void nothingUnfinishedIsLeft() throws IOException {
    IdxFiles.Pair pair = IdxFiles.write(GENERATOR, 0, 2, folder, "t", Compression.NONE);
    try (var files = Files.list(folder)) {
      assertEquals(List.of(pair.images(), pair.labels()), files.sorted().toList());
    }
  }

  @Test
  void anEmptyRangeIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> IdxFiles.write(GENERATOR, 3, 3, folder, "t", Compression.NONE));
    assertEquals(
        "digits [3, 3): must start at 0 or later and hold at least one", refused.getMessage());
  }

  private static byte[] unzipped(Path file) throws IOException {
    try (GZIPInputStream bytes =
        new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      return bytes.readAllBytes();
    }
  }
}
