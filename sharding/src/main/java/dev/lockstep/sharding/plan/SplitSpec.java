package dev.lockstep.sharding.plan;

import java.io.Serializable;
import java.util.Objects;

/**
 * How examples are assigned to the splits of a dataset when it is written. Crosses from driver to
 * executors.
 *
 * @param seed of the choice
 * @param validation fraction of the examples for {@link Split#VALIDATION}, at least 0
 * @param test fraction for {@link Split#TEST}, at least 0; together with {@code validation} below 1
 * @param method which examples are chosen
 */
public record SplitSpec(long seed, double validation, double test, Method method)
    implements Serializable {

  /** Which examples are chosen. */
  public enum Method {
    /** Any, at random. */
    RANDOM,
    /** At random among those of each class: every split has the classes in the same proportion. */
    STRATIFIED,
    /** The last ones: first all for training, then those for validation, then those for test. */
    CHRONOLOGICAL
  }

  /** Everything is for training; a training may still hold out a fraction of it. */
  public static final SplitSpec NONE = new SplitSpec(0, 0, 0, Method.RANDOM);

  /** Checks the fractions. */
  public SplitSpec {
    Objects.requireNonNull(method, "method");
    if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
      throw new IllegalArgumentException(
          "validation=%s and test=%s must be >= 0 and together < 1".formatted(validation, test));
    }
  }

  /** Whether everything is for training. */
  public boolean isNone() {
    return validation == 0 && test == 0;
  }

  /**
   * Assigns counted examples to the splits.
   *
   * @param counts examples by data shard and class, {@code [shards][classes]}; a single class
   *     unless the method is {@link Method#STRATIFIED}
   * @throws IllegalArgumentException when a split that was asked for would be empty
   */
  public SplitAssignment assign(long[][] counts) {
    return SplitAssignment.of(this, counts);
  }
}
