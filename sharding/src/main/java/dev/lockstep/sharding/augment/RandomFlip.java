package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;

/** Mirrors each image left to right with probability 1/2. */
public record RandomFlip() implements Augmentation {

  @Override
  public void requireFit(TensorSpec features) {
    Image.requireImage(this, features);
  }

  @Override
  public void apply(float[] values, int offset, TensorSpec features, RandomSource random) {
    if (random.next() < 0) {
      int width = features.shape().get(2);
      int end = offset + features.elements();
      for (int row = offset; row < end; row += width) {
        for (int left = row, right = row + width - 1; left < right; left++, right--) {
          float value = values[left];
          values[left] = values[right];
          values[right] = value;
        }
      }
    }
  }

  @Override
  public String toString() {
    return "flip";
  }
}
