package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import java.io.Serializable;
import java.util.Objects;

/**
 * The tensor that images become: float32 of shape {@code [channels, height, width]}. Immutable;
 * crosses from driver to executors.
 *
 * @param height rows of pixels
 * @param width pixels of a row
 * @param color channels
 * @param resize what becomes of images of another size
 */
record ImageTensor(int height, int width, Color color, Resize resize) implements Serializable {

  /** Checks the ranges. */
  public ImageTensor {
    Objects.requireNonNull(color, "color");
    Objects.requireNonNull(resize, "resize");
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "height=%d width=%d of an image tensor must be >= 1".formatted(height, width));
    }
  }

  /**
   * Reads the size off the header of an image.
   *
   * @param file all bytes of a file that ImageIO can read: PNG, JPEG, GIF, BMP, TIFF
   * @throws UnreadableImageException saying why it cannot be used
   */
  public static ImageSize sizeOf(byte[] file) throws UnreadableImageException {
    return StoredImage.size(file);
  }

  /**
   * Decodes an image and resizes it as needed.
   *
   * @param file all bytes of a file that ImageIO can read; of several images in it, the first
   * @return row-major values in [0, 1]: for an image stored in bytes that has the tensor's size,
   *     byte/255
   * @throws UnreadableImageException saying why it cannot be used
   */
  public float[] read(byte[] file) throws UnreadableImageException {
    StoredImage image = StoredImage.decode(file);
    ImageSize size = image.size();
    double[] values;
    if (size.height() == height && size.width() == width) {
      values = unchanged(image);
    } else if (resize == Resize.NONE) {
      throw new UnreadableImageException(
          "height x width = %s != %dx%d: all images must have one size; give it, and a way to resize"
              .formatted(size, height, width));
    } else {
      values = resampled(image);
    }
    float[] tensor = new float[values.length];
    for (int i = 0; i < tensor.length; i++) {
      tensor[i] = (float) values[i] / (float) StoredImage.WHITE;
    }
    return tensor;
  }

  private double[] unchanged(StoredImage image) {
    double[] values = new double[color.channels() * height * width];
    double[][] row = new double[color.channels()][width];
    for (int y = 0; y < height; y++) {
      image.row(y, color, row);
      for (int c = 0; c < row.length; c++) {
        System.arraycopy(row[c], 0, values, (c * height + y) * width, width);
      }
    }
    return values;
  }

  /** Along the rows first, then down the columns while rows are read: no copy of the image. */
  private double[] resampled(StoredImage image) {
    ImageSize size = image.size();
    double windowHeight = size.height();
    double windowWidth = size.width();
    if (resize == Resize.CROP) {
      windowHeight = Math.min(windowHeight, windowWidth * height / width);
      windowWidth = Math.min(windowWidth, (double) size.height() * width / height);
    }
    Resampling across = Resampling.of(size.width(), windowWidth, width);
    Resampling down = Resampling.of(size.height(), windowHeight, height);
    double[] values = new double[color.channels() * height * width];
    double[][] row = new double[color.channels()][size.width()];
    double[][] narrow = new double[color.channels()][width];
    int open = 0;
    for (int y = down.from(0); y < down.to(height - 1); y++) {
      image.row(y, color, row);
      for (int c = 0; c < row.length; c++) {
        across.apply(row[c], narrow[c]);
      }
      while (down.to(open) <= y) {
        open++;
      }
      for (int to = open; to < height && down.from(to) <= y; to++) {
        double weight = down.weight(to, y);
        for (int c = 0; c < narrow.length; c++) {
          int at = (c * height + to) * width;
          for (int x = 0; x < width; x++) {
            values[at + x] += weight * narrow[c][x];
          }
        }
      }
    }
    return values;
  }
}
