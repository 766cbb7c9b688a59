package dev.lockstep.trainer.loop;

/**
 * The steps between two pulls.
 *
 * @param firstStep steps of the run taken before it
 * @param endStep steps taken after it
 * @param epoch that all its steps belong to, counted from 0
 */
public record Round(long firstStep, long endStep, int epoch) {

  /** Number of its steps. */
  public int steps() {
    return Math.toIntExact(endStep - firstStep);
  }
}
