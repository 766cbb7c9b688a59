package dev.lockstep.ps.optim.kernel;

/**
 * A layer-wise optimizer's arithmetic for one step, its scalars already computed. Immutable,
 * thread-safe on disjoint ranges. Loops as in {@link UpdateKernel}.
 */
public interface LayerwiseKernel {

  /**
   * The first pass: G becomes the direction r whose norm is wanted. θ does not change.
   *
   * @param terms around the formula; its decay is not used
   */
  void computeDirection(Tile tile, UpdateTerms terms);

  /**
   * The second pass: subtracts the update from θ; r becomes what was subtracted.
   *
   * @param tile whose g holds what {@link #computeDirection} left
   * @param trust the block's trust ratio
   * @param decay weight decay of the model's own, rate included; 0 for none
   */
  void applyTrust(Tile tile, float trust, float decay);
}
