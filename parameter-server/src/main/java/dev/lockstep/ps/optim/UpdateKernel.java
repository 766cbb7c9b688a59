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
   * @param g ĝ in {@code [0, length)}; becomes the update
   * @param length number of elements
   * @param state the shard's state vectors
   * @param at where the elements begin in the state vectors
   */
  void apply(float[] g, int length, float[][] state, int at);
}
