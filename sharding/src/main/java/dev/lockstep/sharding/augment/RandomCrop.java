package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;
import java.util.Arrays;

/**
 * Pads an image with zeros on all sides and cuts a piece of the image's own size out of it, at any
 * place: moves the image by up to so many pixels. Zero is black in images scaled to [0, 1], and the
 * mean in standardized ones.
 *
 * @param padding pixels on each side, at least 1 and less than the image's height and width
 */
public record RandomCrop(int padding) implements Augmentation {

  /** Checks the padding. */
  public RandomCrop {
    if (padding < 1) {
      throw new IllegalArgumentException(
          "augmentation=crop:"
              + padding
              + " must pad by at least 1 pixel: raise it or leave it out");
    }
  }

  @Override
  public void requireFit(TensorSpec features) {
    Image.requireImage(this, features);
    int height = features.shape().get(1);
    int width = features.shape().get(2);
    if (padding >= Math.min(height, width)) {
      throw new IllegalArgumentException(
          "augmentation=%s with tensor %s of shape=%s: %d >= %d pixels could move the whole image out of sight; lower it"
              .formatted(
                  this, features.name(), features.shape(), padding, Math.min(height, width)));
    }
  }

  @Override
  public void apply(float[] values, int offset, TensorSpec features, RandomSource random) {
    int down = random.below(2 * padding + 1) - padding;
    int right = random.below(2 * padding + 1) - padding;
    int height = features.shape().get(1);
    int width = features.shape().get(2);
    for (int channel = 0; channel < features.shape().get(0); channel++) {
      int first = offset + channel * height * width;
      // Rows are read before they are written over.
      if (down >= 0) {
        for (int y = 0; y < height; y++) {
          moveRow(values, first, y, down, right, height, width);
        }
      } else {
        for (int y = height - 1; y >= 0; y--) {
          moveRow(values, first, y, down, right, height, width);
        }
      }
    }
  }

  /** Row y of the piece is row y + down of the image, from column {@code right} on. */
  private static void moveRow(
      float[] values, int first, int y, int down, int right, int height, int width) {
    int to = first + y * width;
    int from = first + (y + down) * width;
    if (y + down < 0 || y + down >= height) {
      Arrays.fill(values, to, to + width, 0);
    } else if (right >= 0) {
      System.arraycopy(values, from + right, values, to, width - right);
      Arrays.fill(values, to + width - right, to + width, 0);
    } else {
      System.arraycopy(values, from, values, to - right, width + right);
      Arrays.fill(values, to, to - right, 0);
    }
  }

  @Override
  public String toString() {
    return "crop:" + padding;
  }
}
