package dev.lockstep.ps.optim;

/**
 * A layer-wise optimizer's arithmetic for one step, its scalars already computed. Immutable,
 * thread-safe on disjoint ranges. Loops as in {@link UpdateKernel}.
 */
interface LayerwiseKernel {

  /**
   * The first pass: turns G into the direction r whose norm is wanted. θ stays as it is.
   *
   * @param theta of the shard
   * @param g G in {@code [from, to)}; becomes r
   * @param state the shard's state vectors, with the same indices
   * @param from first element
   * @param to first element after the range
   * @param terms around the formula; its decay is not used
   */
  void direct(float[] theta, float[] g, float[][] state, int from, int to, UpdateTerms terms);

  /**
   * The second pass: subtracts the update from θ.
   *
   * @param theta of the shard
   * @param r what {@link #direct} left in {@code [from, to)}; becomes what was subtracted
   * @param state the shard's state vectors, with the same indices
   * @param from first element
   * @param to first element after the range
   * @param trust the block's trust ratio
   * @param decay weight decay of the model's own, rate included; 0 for none
   */
  void move(float[] theta, float[] r, float[][] state, int from, int to, float trust, float decay);
}
