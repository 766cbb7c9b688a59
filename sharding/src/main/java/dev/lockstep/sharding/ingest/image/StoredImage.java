package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.ImageOptions.Color;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A decoded image: the samples as they are stored, without color management, and not turned as EXIF
 * says. (Java's own {@code getRGB} would put gray images through a gamma curve.) Transparent pixels
 * are laid on white.
 */
final class StoredImage {

  /** A sample of full intensity. */
  static final double WHITE = 255;

  /** More pixels than these are not decoded: a few bytes can claim to be a huge image. */
  static final int MAX_PIXELS = 1 << 26;

  private final Raster raster;
  private final ColorModel model;

  /** Of each band: what a stored sample is multiplied with, so that {@link #WHITE} is the most. */
  private final double[] scales;

  private final int[] pixels;

  private StoredImage(Raster raster, ColorModel model) throws UnreadableImageException {
    this.raster = raster;
    this.model = model;
    int bands = raster.getNumBands();
    int space = model.getColorSpace().getType();
    int type = raster.getDataBuffer().getDataType();
    boolean integers =
        type == DataBuffer.TYPE_BYTE
            || type == DataBuffer.TYPE_USHORT
            || type == DataBuffer.TYPE_INT;
    if (!(space == ColorSpace.TYPE_GRAY || space == ColorSpace.TYPE_RGB)
        || model.isAlphaPremultiplied()
        || bands > 4
        || !integers) {
      throw new UnreadableImageException(
          "%d channels in a color space that is neither gray nor RGB in integers: convert it"
              .formatted(bands));
    }
    scales = new double[bands];
    for (int band = 0; band < bands; band++) {
      scales[band] = WHITE / ((1L << raster.getSampleModel().getSampleSize(band)) - 1);
    }
    pixels = new int[bands * raster.getWidth()];
  }

  /** Size of an image, from its header. */
  static ImageSize size(byte[] file) throws UnreadableImageException {
    return read(file, (reader, warnings) -> size(reader));
  }

  /** Decodes an image. */
  static StoredImage decode(byte[] file) throws UnreadableImageException {
    return read(
        file,
        (reader, warnings) -> {
          ImageSize size = size(reader);
          if ((long) size.height() * size.width() > MAX_PIXELS) {
            throw new UnreadableImageException(
                "its header says %s = %d pixels > %d, the most that is decoded: make it smaller"
                    .formatted(size, (long) size.height() * size.width(), MAX_PIXELS));
          }
          BufferedImage image = reader.read(0);
          // A JPEG that ends too soon is filled with gray, and a warning is all that tells so.
          for (String warning : warnings) {
            String text = warning.toLowerCase(Locale.ROOT);
            if (text.contains("premature") || text.contains("truncated")) {
              throw new UnreadableImageException("it is cut short (%s)".formatted(warning));
            }
          }
          return new StoredImage(image.getRaster(), image.getColorModel());
        });
  }

  private static ImageSize size(ImageReader reader) throws IOException {
    return new ImageSize(reader.getHeight(0), reader.getWidth(0));
  }

  private static <T> T read(byte[] file, Reading<T> reading) throws UnreadableImageException {
    if (file.length == 0) {
      throw new UnreadableImageException("it is empty");
    }
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new UnreadableImageException(
            "it is no image of a kind that Java reads (PNG, JPEG …)");
      }
      ImageReader reader = readers.next();
      try {
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        reader.setInput(in, true, true);
        return reading.read(reader, warnings);
      } finally {
        reader.dispose();
      }
    } catch (UnreadableImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Java's readers throw all kinds of things at damaged files.
      throw new UnreadableImageException("it is damaged or cut short (%s)".formatted(reason(e)));
    }
  }

  private static String reason(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  ImageSize size() {
    return new ImageSize(raster.getHeight(), raster.getWidth());
  }

  /**
   * The samples of a row.
   *
   * @param into one array for each channel of the color, at least as long as the row; in [0, {@link
   *     #WHITE}]
   */
  void row(int y, Color color, double[][] into) {
    int width = raster.getWidth();
    raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, pixels);
    for (int x = 0; x < width; x++) {
      double red = sample(x, 0);
      double green = sample(x, 1);
      double blue = sample(x, 2);
      double opacity = opacity(x);
      if (opacity < 1) {
        red = red * opacity + WHITE * (1 - opacity);
        green = green * opacity + WHITE * (1 - opacity);
        blue = blue * opacity + WHITE * (1 - opacity);
      }
      switch (color) {
        case GRAY -> into[0][x] = 0.299 * red + 0.587 * green + 0.114 * blue;
        case RGB -> {
          into[0][x] = red;
          into[1][x] = green;
          into[2][x] = blue;
        }
      }
    }
  }

  /** Red, green or blue (0, 1, 2) of a pixel of the row read last. */
  private double sample(int x, int channel) {
    int bands = scales.length;
    if (model instanceof IndexColorModel palette) {
      int color = palette.getRGB(pixels[x]);
      return color >> (16 - 8 * channel) & 0xFF;
    }
    int band = bands < 3 ? 0 : channel;
    return pixels[x * bands + band] * scales[band];
  }

  /** 1 where the pixel hides what is behind it, 0 where it does not at all. */
  private double opacity(int x) {
    if (model instanceof IndexColorModel palette) {
      return palette.getAlpha(pixels[x]) / WHITE;
    }
    int bands = scales.length;
    return model.hasAlpha() ? pixels[x * bands + bands - 1] * scales[bands - 1] / WHITE : 1;
  }

  /** What is done with a reader that has its input. */
  private interface Reading<T> {
    T read(ImageReader reader, List<String> warnings) throws IOException;
  }
}
