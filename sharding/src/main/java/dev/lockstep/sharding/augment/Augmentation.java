package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;
import java.io.Serializable;
import java.util.Locale;

/**
 * A random change to the features of one training example. Crosses from driver to executors, where
 * reading threads call it, several at once: it must not keep anything between calls. What it does
 * must follow from its arguments alone, or the model depends on the cluster.
 *
 * <p>{@code toString()} says what it does, in one word with its numbers: it goes into the run's
 * record, and for those that {@link #parse} knows it is the form that is read.
 */
public interface Augmentation extends Serializable {

  /**
   * Refuses a tensor that this cannot work on. Called on the driver, before a run.
   *
   * @param features of every example
   * @throws IllegalArgumentException saying what does not fit
   */
  void requireFit(TensorSpec features);

  /**
   * Changes one example in place.
   *
   * @param values row-major, of examples of a micro-batch; the array is not to be kept
   * @param offset of the example's first value
   * @param features shape of the example, {@code [channels, height, width]} for images
   * @param random numbers of this example in this epoch, of this augmentation only
   */
  void apply(float[] values, int offset, TensorSpec features, RandomSource random);

  /**
   * Reads {@code flip}, {@code crop:PIXELS} or {@code noise:SIGMA}.
   *
   * @throws IllegalArgumentException for any other form, and for numbers out of range
   */
  static Augmentation parse(String text) {
    String given = text.strip().toLowerCase(Locale.ROOT);
    int colon = given.indexOf(':');
    String name = colon < 0 ? given : given.substring(0, colon);
    String number = colon < 0 ? "" : given.substring(colon + 1);
    try {
      if (name.equals("flip") && colon < 0) {
        return new RandomFlip();
      }
      if (name.equals("crop") && colon > 0) {
        return new RandomCrop(Integer.parseInt(number));
      }
      if (name.equals("noise") && colon > 0) {
        return new GaussianNoise(Double.parseDouble(number));
      }
    } catch (NumberFormatException e) {
      throw unknown(text, e);
    }
    throw unknown(text, null);
  }

  private static IllegalArgumentException unknown(String text, NumberFormatException cause) {
    return new IllegalArgumentException(
        "augmentation="
            + text
            + " is unknown: give flip, crop:PIXELS or noise:SIGMA; others only from Java",
        cause);
  }
}
