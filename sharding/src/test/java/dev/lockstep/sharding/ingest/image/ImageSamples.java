package dev.lockstep.sharding.ingest.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Image files for tests: sample (row y, column x, channel c) of seed s is (40 s + 9 y + 5 x + c).
 */
public final class ImageSamples {

  private ImageSamples() {}

  public static int sample(int seed, int y, int x, int channel) {
    return (40 * seed + 9 * y + 5 * x + channel) % 256;
  }

  /** A gray image has channel 0 alone. */
  public static byte[] bytes(String format, int type, int height, int width, int seed)
      throws IOException {
    BufferedImage image = new BufferedImage(width, height, type);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < image.getRaster().getNumBands(); c++) {
          image.getRaster().setSample(x, y, c, sample(seed, y, x, c));
        }
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (!ImageIO.write(image, format, bytes)) {
      throw new IOException("no writer for " + format);
    }
    return bytes.toByteArray();
  }

  /** Writes a PNG, with the folders it lies in. */
  static void gray(Path file, int height, int width, int seed) throws IOException {
    write(file, bytes("png", BufferedImage.TYPE_BYTE_GRAY, height, width, seed));
  }

  public static void write(Path file, byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
  }
}
