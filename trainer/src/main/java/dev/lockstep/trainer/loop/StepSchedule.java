package dev.lockstep.trainer.loop;

import java.io.Serializable;

/**
 * How micro-batches make steps, and steps make rounds: integer arithmetic only. Crosses from driver
 * to executors.
 *
 * <pre>
 *   micro-batches of an epoch   0 1 | 2 3 | 4 5 | 6 7 | 8 9 | 10      accumulate = 2
 *   steps                        0     1     2     3     4     5
 *   rounds                      [      0       |      1       |...]   roundSteps = 3
 *   clock                       0              1              2       rounds completed
 * </pre>
 *
 * A step is one update of a model's parameters, a round is what the parameter server sees: after
 * each, all workers hold the same parameters. Rounds end with the epoch, and in mode {@code sync} a
 * round is a step.
 *
 * @param microBatchesPerEpoch of the longest span, at least 1
 * @param accumulate micro-batches of a virtual worker in one step, at least 1; the last step of an
 *     epoch may have fewer
 * @param roundSteps steps of a round, at least 1; the last round of an epoch may have fewer
 */
public record StepSchedule(long microBatchesPerEpoch, int accumulate, int roundSteps)
    implements Serializable {

  /** Checks the counts. */
  public StepSchedule {
    if (microBatchesPerEpoch < 1 || accumulate < 1 || roundSteps < 1) {
      throw new IllegalArgumentException(
          "microBatchesPerEpoch="
              + microBatchesPerEpoch
              + " accumulate="
              + accumulate
              + " roundSteps="
              + roundSteps
              + " must be >= 1");
    }
  }

  /** Steps of every epoch. */
  public long stepsPerEpoch() {
    return (microBatchesPerEpoch + accumulate - 1) / accumulate;
  }

  /** The epoch that a step belongs to, counted from 0. */
  public int epoch(long step) {
    return Math.toIntExact(step / stepsPerEpoch());
  }

  /** Whether a step is the first of its epoch. */
  public boolean isEpochStart(long step) {
    return step % stepsPerEpoch() == 0;
  }

  /** First step after the round that a step belongs to. */
  public long roundEnd(long step) {
    long inEpoch = step % stepsPerEpoch();
    long end = Math.min(stepsPerEpoch(), inEpoch - inEpoch % roundSteps + roundSteps);
    return step - inEpoch + end;
  }

  /** Whether a step is the first of its round: then parameters before it are the server's. */
  public boolean isRoundStart(long step) {
    return step % stepsPerEpoch() % roundSteps == 0;
  }

  /** Rounds completed when a run has taken so many steps. */
  public long clock(long steps) {
    long roundsPerEpoch = (stepsPerEpoch() + roundSteps - 1) / roundSteps;
    return steps / stepsPerEpoch() * roundsPerEpoch + steps % stepsPerEpoch() / roundSteps;
  }

  /** Steps that a run has taken when so many rounds are completed. */
  public long steps(long rounds) {
    long roundsPerEpoch = (stepsPerEpoch() + roundSteps - 1) / roundSteps;
    return rounds / roundsPerEpoch * stepsPerEpoch() + rounds % roundsPerEpoch * roundSteps;
  }

  /** The first micro-batch of a step, counted in its epoch. */
  public long firstMicroBatch(long step) {
    return step % stepsPerEpoch() * accumulate;
  }

  /** Micro-batches of a step for each virtual worker. */
  public int microBatches(long step) {
    return (int) Math.min(accumulate, microBatchesPerEpoch - firstMicroBatch(step));
  }

  /** Micro-batches that a virtual worker needs in a row. */
  public int consecutive() {
    return Math.multiplyExact(accumulate, roundSteps);
  }
}
