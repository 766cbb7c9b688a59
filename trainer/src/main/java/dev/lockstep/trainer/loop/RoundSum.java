package dev.lockstep.trainer.loop;

import dev.lockstep.ps.protocol.Contribution;

/**
 * What some virtual workers contribute to a round. Not a value: joining changes the left side.
 *
 * @param examples used in each step of the round
 * @param losses of those examples, summed, in each step of the round
 * @param nonFinite first virtual worker whose own vector is not finite, or {@link
 *     Contribution#FINITE}
 * @param vector what is pushed; empty where the virtual workers have no examples in this round
 */
record RoundSum(long[] examples, double[] losses, int nonFinite, float[] vector) {

  private static final float[] NOTHING = {};

  /** Of virtual workers that have no examples. */
  static RoundSum empty(int steps) {
    return new RoundSum(new long[steps], new double[steps], Contribution.FINITE, NOTHING);
  }

  /** Of a virtual worker; its vector has not been looked at. */
  static RoundSum of(long[] examples, double[] losses, float[] vector) {
    return new RoundSum(examples, losses, Contribution.FINITE, vector);
  }

  boolean isEmpty() {
    return vector.length == 0;
  }

  /** Examples of all steps. */
  long totalExamples() {
    long total = 0;
    for (long count : examples) {
      total += count;
    }
    return total;
  }

  /** What goes with the vector: sums over all steps, first step first. */
  Contribution contribution() {
    if (isEmpty()) {
      return Contribution.EMPTY;
    }
    double loss = 0;
    for (double one : losses) {
      loss += one;
    }
    return new Contribution(totalExamples(), loss, nonFinite);
  }

  /** The same, of a virtual worker whose vector is not finite. */
  RoundSum withNonFinite(int virtualWorker) {
    return new RoundSum(examples, losses, virtualWorker, vector);
  }
}
