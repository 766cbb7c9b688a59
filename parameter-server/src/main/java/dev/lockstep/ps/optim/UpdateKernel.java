package dev.lockstep.ps.optim;

/**
 * One optimizer's arithmetic for one step, its scalars already computed. Immutable, thread-safe on
 * disjoint ranges.
 *
 * <p>An element loop is a counted loop that indexes all its arrays alike, with its scalars in local
 * variables and without a branch on an element: so HotSpot's C2 compiles it to vector instructions;
 * with an offset between the arrays it would not.
 */
@FunctionalInterface
public interface UpdateKernel {

  /**
   * Subtracts the update from θ and moves the state on.
   *
   * @param theta of the shard
   * @param g G in {@code [from, to)}; becomes what was subtracted
   * @param state the shard's state vectors, with the same indices
   * @param from first element
   * @param to first element after the range
   * @param terms around the formula
   */
  void apply(float[] theta, float[] g, float[][] state, int from, int to, UpdateTerms terms);
}
