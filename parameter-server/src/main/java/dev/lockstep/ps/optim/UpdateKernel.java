package dev.lockstep.ps.optim;

/**
 * One optimizer's arithmetic for one step, its scalars already computed. Immutable, thread-safe on
 * disjoint ranges.
 */
@FunctionalInterface
public interface UpdateKernel {

  /**
   * Turns ĝ into the update that is subtracted from θ, and moves the state on.
   *
   * @param g ĝ in {@code [from, to)}; becomes the update
   * @param state the shard's state vectors, with the same indices
   * @param from first element
   * @param to first element after the range
   */
  void apply(float[] g, float[][] state, int from, int to);
}
