package dev.lockstep.ps.schedule;

/**
 * When an optimizer step is taken: what schedules and optimizers count.
 *
 * @param iteration steps of the training taken before this one: what schedules count
 * @param epoch epochs completed before it
 * @param updates updates of θ before this one, with those that were skipped or had no examples:
 *     what bias corrections count, {@code t = updates + 1}. The iteration, but in mode {@code
 *     async}, where each push is an update
 * @param rateScale what the learning rate is multiplied by, after its schedule: 1 but for a rate
 *     that was reduced on a plateau
 */
public record StepTime(long iteration, int epoch, long updates, double rateScale) {

  /** Checks the ranges. */
  public StepTime {
    if (iteration < 0 || epoch < 0 || updates < 0) {
      throw new IllegalArgumentException(
          "iteration=" + iteration + " epoch=" + epoch + " updates=" + updates + " must be >= 0");
    }
    if (!(rateScale > 0) || Double.isInfinite(rateScale)) {
      throw new IllegalArgumentException("rateScale=" + rateScale + " must be finite and > 0");
    }
  }

  /** A step of a training in which each step is one update, at the scheduled rate. */
  public static StepTime of(long iteration, int epoch) {
    return new StepTime(iteration, epoch, iteration, 1);
  }
}
