package dev.lockstep.trainer.loop;

import java.io.Serializable;

/**
 * Where all workers of an attempt wait for each other, in every mode: there the parameters are
 * those after exactly so many steps. Crosses from driver to executors.
 *
 * @param schedule of the attempt
 * @param checkpointEvery steps between two checkpoints, or 0 for one at the end alone
 * @param alsoEvery steps between two further ones, or 0 for none
 * @param lastStep steps taken when the attempt is complete
 */
public record SyncPoints(StepSchedule schedule, long checkpointEvery, long alsoEvery, long lastStep)
    implements Serializable {

  /** Checks the interval. */
  public SyncPoints {
    if (checkpointEvery < 0 || alsoEvery < 0 || lastStep < 1 || !schedule.isRoundStart(lastStep)) {
      throw new IllegalArgumentException(
          "checkpointEvery="
              + checkpointEvery
              + " alsoEvery="
              + alsoEvery
              + " lastStep="
              + lastStep
              + " must be >= 0 and the end of a round of "
              + schedule);
    }
  }

  /** With one interval. */
  public SyncPoints(StepSchedule schedule, long checkpointEvery, long lastStep) {
    this(schedule, checkpointEvery, 0, lastStep);
  }

  /**
   * The first end of a round at or after the next multiple of one of the intervals, or the last
   * step.
   */
  public long nextCheckpoint(long stepsTaken) {
    return Math.min(next(stepsTaken, checkpointEvery), next(stepsTaken, alsoEvery));
  }

  private long next(long stepsTaken, long every) {
    if (every == 0) {
      return lastStep;
    }
    long wanted = (stepsTaken / every + 1) * every;
    return Math.min(lastStep, schedule.isRoundStart(wanted) ? wanted : schedule.roundEnd(wanted));
  }

  /** The last checkpoint at or before so many steps; 0, the beginning, if there is none. */
  public long lastCheckpoint(long stepsTaken) {
    return Math.max(last(stepsTaken, checkpointEvery), last(stepsTaken, alsoEvery));
  }

  private long last(long stepsTaken, long every) {
    long multiple = every == 0 ? 0 : stepsTaken / every * every;
    while (multiple > 0) {
      long end = schedule.isRoundStart(multiple) ? multiple : schedule.roundEnd(multiple);
      if (end <= stepsTaken) {
        return end;
      }
      multiple -= every;
    }
    return 0;
  }

  /**
   * Whether all workers meet when so many steps are taken: ends of epochs, checkpoints, the end.
   */
  public boolean isMeeting(long stepsTaken) {
    return schedule.isEpochStart(stepsTaken) || nextCheckpoint(stepsTaken - 1) == stepsTaken;
  }
}
