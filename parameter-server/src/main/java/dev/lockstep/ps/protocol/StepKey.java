package dev.lockstep.ps.protocol;

/**
 * Which step a worker means, and what it knows of it that servers do not. All workers say the same
 * of a step.
 *
 * @param step optimizer steps taken before it
 * @param epoch epochs completed before it
 * @param rateScale what the scheduled learning rate is multiplied by; 1 but for a rate that was
 *     reduced on a plateau
 */
public record StepKey(long step, int epoch, double rateScale) {

  /** Checks the ranges. */
  public StepKey {
    if (step < 0 || epoch < 0) {
      throw new IllegalArgumentException("step=" + step + " epoch=" + epoch + " must be >= 0");
    }
    if (!(rateScale > 0) || Double.isInfinite(rateScale)) {
      throw new IllegalArgumentException("rateScale=" + rateScale + " must be finite and > 0");
    }
  }

  /** A step at the scheduled rate. */
  public static StepKey of(long step, int epoch) {
    return new StepKey(step, epoch, 1);
  }
}
