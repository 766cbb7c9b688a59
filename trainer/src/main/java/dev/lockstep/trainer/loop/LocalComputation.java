package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.Rounding;

/**
 * What a mode makes of a virtual worker's micro-batches: the vector that is summed over all virtual
 * workers and pushed. Lives in an executor; used by one thread.
 */
public sealed interface LocalComputation permits GlobalGradient, LocalSteps {

  /** Length of the vectors that are pushed and pulled. */
  int length();

  /** What happens to sums of contributions, on workers and servers alike. */
  Rounding rounding();

  /**
   * Takes over the vector that the parameter server holds before the next round, and puts its
   * parameters into the replica.
   *
   * @param vector read until the next call, not changed
   */
  void receive(float[] vector);

  /**
   * Computes what a virtual worker contributes to a round. Takes its micro-batches of the round.
   *
   * @param vector receives the contribution
   * @return sums with {@code vector}, or without one where there are no examples
   */
  RoundSum contribution(int virtualWorker, Round round, float[] vector);
}
