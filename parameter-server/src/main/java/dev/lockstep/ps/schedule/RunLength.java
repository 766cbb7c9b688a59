package dev.lockstep.ps.schedule;

/**
 * Where a run lies in time: what a schedule's text needs in order to count both steps and epochs.
 *
 * @param firstIteration optimizer steps that the model had taken before the run
 * @param firstEpoch epochs that it had completed before the run
 * @param stepsPerEpoch optimizer steps of each epoch, at least 1
 * @param epochs of the run, at least 1
 */
public record RunLength(long firstIteration, int firstEpoch, long stepsPerEpoch, int epochs) {

  /** Checks the ranges. */
  public RunLength {
    if (firstIteration < 0 || firstEpoch < 0 || stepsPerEpoch < 1 || epochs < 1) {
      throw new IllegalArgumentException(
          "firstIteration=%d firstEpoch=%d stepsPerEpoch=%d epochs=%d: must be >= 0, >= 0, >= 1, >= 1"
              .formatted(firstIteration, firstEpoch, stepsPerEpoch, epochs));
    }
  }

  /** Optimizer steps of the run. */
  public long steps() {
    return stepsPerEpoch * epochs;
  }
}
