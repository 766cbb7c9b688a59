package dev.lockstep.examples.digits;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import java.util.List;
import java.util.Objects;

/**
 * One image and what it shows.
 *
 * @param label 0 to 9
 * @param image row by row from the top, {@link #SIZE} × {@link #SIZE} unsigned bytes, 0 paper, 255
 *     ink
 */
@SuppressWarnings("ArrayRecordComponent")
public record Digit(int label, byte[] image) {

  /** What {@link #example} has: the pixels as one row, and the class. */
  public static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec(
              "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(28 * 28)),
          new TensorSpec(
              "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(10)));

  /** Width and height of an image in pixels. */
  public static final int SIZE = 28;

  /** Checks the sizes. */
  public Digit {
    Objects.requireNonNull(image, "image");
    if (label < 0 || label > 9 || image.length != SIZE * SIZE) {
      throw new IllegalArgumentException(
          "digit label=%d of %d pixels: must be 0 to 9, of %d"
              .formatted(label, image.length, SIZE * SIZE));
    }
  }

  /** As an example of a dataset, its pixels from 0, paper, to 1, ink. */
  public Example example() {
    float[] pixels = new float[image.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Byte.toUnsignedInt(image[i]) / 255f;
    }
    return Example.of(pixels, new float[] {label});
  }
}
