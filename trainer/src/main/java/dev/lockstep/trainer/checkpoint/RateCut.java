package dev.lockstep.trainer.checkpoint;

import java.io.Serializable;

/**
 * From a step on the learning rate is multiplied by a factor, after a gradient that was not finite.
 * Crosses from driver to executors, and through JSON.
 *
 * @param fromStep optimizer steps taken before the first step that it applies to
 * @param factor in (0, 1)
 */
public record RateCut(long fromStep, double factor) implements Serializable {

  /** Checks the values. */
  public RateCut {
    if (fromStep < 0 || !(factor > 0 && factor < 1)) {
      throw new IllegalArgumentException(
          "rate cut fromStep=%d factor=%s: must be >= 0 and in (0, 1)".formatted(fromStep, factor));
    }
  }
}
