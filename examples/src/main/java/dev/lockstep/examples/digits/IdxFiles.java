package dev.lockstep.examples.digits;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.GZIPOutputStream;

/**
 * Writes digits in the IDX format, as the MNIST files have it: a file of images (magic 0x00000803,
 * count, rows, columns, then bytes) and a file of labels (magic 0x00000801, count, then bytes), all
 * numbers big-endian.
 */
final class IdxFiles {

  /** Whether the files are compressed. */
  public enum Compression {
    /** As they are. */
    NONE,
    /** With gzip; the names end in {@code .gz}. */
    GZIP
  }

  private static final int IMAGES_MAGIC = 0x00000803;
  private static final int LABELS_MAGIC = 0x00000801;

  private IdxFiles() {}

  /**
   * The two files of one part of a dataset.
   *
   * @param images {@code NAME-images-idx3-ubyte}
   * @param labels {@code NAME-labels-idx1-ubyte}
   */
  public record Pair(Path images, Path labels) {}

  /** Where {@link #write} puts the files of {@code name} in {@code folder}. */
  public static Pair pair(Path folder, String name, Compression compression) {
    String ending = compression == Compression.GZIP ? ".gz" : "";
    return new Pair(
        folder.resolve(name + "-images-idx3-ubyte" + ending),
        folder.resolve(name + "-labels-idx1-ubyte" + ending));
  }

  /**
   * Writes the digits of {@code generator} with indices {@code [from, to)}. The files get their
   * names when they are complete, the labels last.
   *
   * @param folder created if missing
   * @param name for example {@code train}
   * @throws IOException if a file cannot be written
   */
  public static Pair write(
      DigitGenerator generator,
      long from,
      long to,
      Path folder,
      String name,
      Compression compression)
      throws IOException {
    if (from < 0 || to <= from) {
      throw new IllegalArgumentException(
          "digits [%d, %d): must start at 0 or later and hold at least one".formatted(from, to));
    }
    Files.createDirectories(folder);
    Pair pair = pair(folder, name, compression);
    Path images = unfinished(pair.images());
    Path labels = unfinished(pair.labels());
    int count = Math.toIntExact(to - from);
    try (DataOutputStream imageBytes = open(images, compression);
        DataOutputStream labelBytes = open(labels, compression)) {
      imageBytes.writeInt(IMAGES_MAGIC);
      imageBytes.writeInt(count);
      imageBytes.writeInt(Digit.SIZE);
      imageBytes.writeInt(Digit.SIZE);
      labelBytes.writeInt(LABELS_MAGIC);
      labelBytes.writeInt(count);
      for (long index = from; index < to; index++) {
        Digit digit = generator.digit(index);
        imageBytes.write(digit.image());
        labelBytes.writeByte(digit.label());
      }
    }
    Files.move(images, pair.images(), StandardCopyOption.REPLACE_EXISTING);
    Files.move(labels, pair.labels(), StandardCopyOption.REPLACE_EXISTING);
    return pair;
  }

  private static DataOutputStream open(Path file, Compression compression) throws IOException {
    BufferedOutputStream bytes = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    return new DataOutputStream(
        compression == Compression.GZIP
            ? new BufferedOutputStream(new GZIPOutputStream(bytes), 1 << 16)
            : bytes);
  }

  private static Path unfinished(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".unfinished");
  }
}
