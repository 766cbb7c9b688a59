package dev.lockstep.examples.digits;

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
}
