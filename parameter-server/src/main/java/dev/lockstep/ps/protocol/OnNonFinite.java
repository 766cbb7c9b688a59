package dev.lockstep.ps.protocol;

/** What becomes of a step whose gradient is not finite. */
public enum OnNonFinite {
  /** The attempt ends with an error that names the virtual worker. */
  STOP,
  /**
   * θ and the optimizer's state stay as they are; the step counts as taken, for schedules and bias
   * corrections too.
   */
  SKIP
}
