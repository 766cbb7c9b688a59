package dev.lockstep.sharding;

import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a folder of images is to become.
 *
 * @param height rows of pixels, at most 16384; {@link #FIRST}, with the width, takes the size of
 *     the first image
 * @param width pixels of a row, likewise
 * @param color channels of the tensor
 * @param resize what becomes of images of another size
 * @param classes names of the folders, in the order of the classes' indices; empty takes the
 *     folders there are and sorts them, as numbers when all are integers. Give those of the
 *     training data when other data for the same model are read
 * @param normalization of values in [0, 1]: one for all channels, or one for each
 */
public record ImageOptions(
    int height,
    int width,
    Color color,
    Resize resize,
    List<String> classes,
    List<Normalization> normalization)
    implements ReaderOptions {

  /** Value of {@code height} and {@code width} that takes the size of the first image. */
  public static final int FIRST = 0;

  private static final int MAX_SIDE = 1 << 14;

  /** Checks the fields against each other. */
  public ImageOptions {
    Objects.requireNonNull(color, "color");
    Objects.requireNonNull(resize, "resize");
    classes = List.copyOf(classes);
    normalization = List.copyOf(normalization);
    if (height < 0 || height > MAX_SIDE || width < 0 || width > MAX_SIDE) {
      throw new IllegalArgumentException(
          "height=%d width=%d must be in [1, %d], or both %d for the size of the first image"
              .formatted(height, width, MAX_SIDE, FIRST));
    }
    if ((height == FIRST) != (width == FIRST)) {
      throw new IllegalArgumentException(
          "height=%d width=%d: give both, or neither".formatted(height, width));
    }
    if (height == FIRST && resize != Resize.NONE) {
      throw new IllegalArgumentException(
          "resize=%s needs a height and a width to resize to".formatted(resize));
    }
    if (classes.stream().distinct().count() != classes.size()) {
      throw new IllegalArgumentException("classes=" + classes + " names one of them twice");
    }
    if (normalization.size() != 1 && normalization.size() != color.channels()) {
      throw new IllegalArgumentException(
          "%d normalizations for the %d channels of %s: give one, or one for each channel"
              .formatted(normalization.size(), color.channels(), color));
    }
  }

  /** The size of the first image for all, classes by the folders, values in [0, 1]. */
  public static ImageOptions of(Color color) {
    return new ImageOptions(
        FIRST, FIRST, color, Resize.NONE, List.of(), List.of(Normalization.NONE));
  }

  /** The same with images of this size, brought to it in this way. */
  public ImageOptions size(int newHeight, int newWidth, Resize how) {
    return new ImageOptions(newHeight, newWidth, color, how, classes, normalization);
  }

  /** The same with given classes. */
  public ImageOptions classes(List<String> other) {
    return new ImageOptions(height, width, color, resize, other, normalization);
  }

  /** The same with values (x − mean) / deviation of the x in [0, 1], in every channel. */
  public ImageOptions normalized(double mean, double deviation) {
    return normalized(List.of(mean), List.of(deviation));
  }

  /** The same with values (x − mean) / deviation of the x in [0, 1], one pair for each channel. */
  public ImageOptions normalized(List<Double> means, List<Double> deviations) {
    if (means.size() != deviations.size()) {
      throw new IllegalArgumentException(
          "%d means, %d deviations: give as many of both"
              .formatted(means.size(), deviations.size()));
    }
    List<Normalization> each = new ArrayList<>();
    for (int i = 0; i < means.size(); i++) {
      each.add(new Normalization(means.get(i).floatValue(), deviations.get(i).floatValue()));
    }
    return new ImageOptions(height, width, color, resize, classes, each);
  }

  /** What channels an image is given out in, whatever it is stored in. */
  public enum Color {
    /**
     * One channel: of a colored image its luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), not
     * rounded.
     */
    GRAY(1),
    /** Red, green, blue: of a gray image three times the same. */
    RGB(3);

    private final int channels;

    Color(int channels) {
      this.channels = channels;
    }

    /** Number of channels. */
    public int channels() {
      return channels;
    }
  }

  /**
   * What becomes of an image that has another size than the tensor. A resized pixel is the mean of
   * the stored ones, weighted by a triangle around its center. The triangle reaches one stored
   * pixel to each side when the image grows (linear interpolation), and as many as fall on one
   * pixel when it shrinks, so that all of them count. In double precision, without rounding to
   * bytes.
   */
  public enum Resize {
    /** It is refused. */
    NONE,
    /** Height and width are scaled each by itself: the proportions change. */
    STRETCH,
    /** The largest area around the center that has the tensor's proportions is scaled. */
    CROP
  }

  /** The tensor that images of these options become; a size must be given. */
  public TensorSpec spec(String name) {
    return new TensorSpec(
        name,
        TensorSpec.Role.FEATURES,
        TensorSpec.Encoding.FLOAT32,
        List.of(color.channels(), height, width));
  }
}
