package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;

/**
 * Adds independent normal noise to every value, of features of any shape.
 *
 * @param sigma its standard deviation, in the features' own unit; more than 0
 */
public record GaussianNoise(double sigma) implements Augmentation {

  /** Checks sigma. */
  public GaussianNoise {
    if (!(sigma > 0 && sigma <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "augmentation=noise:"
              + sigma
              + " is not a finite standard deviation > 0: give one, or leave it out");
    }
  }

  @Override
  public void requireFit(TensorSpec features) {
    // Any shape will do.
  }

  @Override
  public void apply(float[] values, int offset, TensorSpec features, RandomSource random) {
    int end = offset + features.elements();
    for (int i = offset; i < end; i++) {
      values[i] += (float) (sigma * random.gaussian());
    }
  }

  @Override
  public String toString() {
    return "noise:" + sigma;
  }
}
