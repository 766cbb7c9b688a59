package dev.lockstep.trainer.loop;

/**
 * What some virtual workers contribute to a round. Not a value: joining changes the left side.
 *
 * @param examples used in each step of the round
 * @param losses of those examples, summed, in each step of the round
 * @param vector what is pushed; empty where the virtual workers have no examples in this round
 */
record RoundSum(long[] examples, double[] losses, float[] vector) {

  private static final float[] NOTHING = {};

  /** Of virtual workers that have no examples. */
  static RoundSum empty(int steps) {
    return new RoundSum(new long[steps], new double[steps], NOTHING);
  }

  /** Of a round of one step. */
  static RoundSum of(GradientSource.ExampleSums sums, float[] vector) {
    return new RoundSum(new long[] {sums.examples()}, new double[] {sums.loss()}, vector);
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

  /** Losses of all steps, first step first. */
  double totalLoss() {
    double total = 0;
    for (double loss : losses) {
      total += loss;
    }
    return total;
  }
}
