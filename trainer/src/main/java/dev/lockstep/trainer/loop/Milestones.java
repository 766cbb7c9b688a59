package dev.lockstep.trainer.loop;

import java.io.Serializable;

/**
 * Where all workers of an attempt wait for each other, in every mode: there the parameters are
 * those after exactly so many steps. Crosses from driver to executors.
 *
 * @param pace of the attempt
 * @param checkpointEvery steps between two checkpoints, or 0 for one at the end alone
 * @param lastStep steps taken when the attempt is complete
 */
public record Milestones(Pace pace, long checkpointEvery, long lastStep) implements Serializable {

  /** Checks the interval. */
  public Milestones {
    if (checkpointEvery < 0 || lastStep < 1 || !pace.isRoundStart(lastStep)) {
      throw new IllegalArgumentException(
          "checkpointEvery="
              + checkpointEvery
              + " lastStep="
              + lastStep
              + " must be >= 0 and the end of a round of "
              + pace);
    }
  }

  /** The first end of a round at or after the next multiple of the interval, or the last step. */
  public long nextCheckpoint(long stepsTaken) {
    if (checkpointEvery == 0) {
      return lastStep;
    }
    long wanted = (stepsTaken / checkpointEvery + 1) * checkpointEvery;
    return Math.min(lastStep, pace.isRoundStart(wanted) ? wanted : pace.roundEnd(wanted));
  }

  /**
   * Whether all workers meet when so many steps are taken: ends of epochs, checkpoints, the end.
   */
  public boolean isMeeting(long stepsTaken) {
    return pace.isEpochStart(stepsTaken) || nextCheckpoint(stepsTaken - 1) == stepsTaken;
  }
}
