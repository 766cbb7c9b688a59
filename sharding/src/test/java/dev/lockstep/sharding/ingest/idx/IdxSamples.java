package dev.lockstep.sharding.ingest.idx;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** IDX files for tests: pixel p of image i is (7 i + p) mod 256, its label i mod classes. */
public final class IdxSamples {

  private IdxSamples() {}

  public static void write(
      Path folder, String prefix, int items, int height, int width, int classes)
      throws IOException {
    images(folder.resolve(prefix + "images-idx3-ubyte"), items, items, height, width);
    labels(folder.resolve(prefix + "labels-idx1-ubyte"), items, classes);
  }

  /** Images; fewer than the header promises where {@code written} is less than {@code items}. */
  public static void images(Path file, int items, int written, int height, int width)
      throws IOException {
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
      out.writeInt(0x0803);
      out.writeInt(items);
      out.writeInt(height);
      out.writeInt(width);
      byte[] image = new byte[height * width];
      for (int i = 0; i < written; i++) {
        for (int p = 0; p < image.length; p++) {
          image[p] = (byte) (7 * i + p);
        }
        out.write(image);
      }
    }
  }

  public static void labels(Path file, int items, int classes) throws IOException {
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
      out.writeInt(0x0801);
      out.writeInt(items);
      for (int i = 0; i < items; i++) {
        out.writeByte(i % classes);
      }
    }
  }
}
