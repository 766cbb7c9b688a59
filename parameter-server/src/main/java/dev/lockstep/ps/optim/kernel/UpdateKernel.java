package dev.lockstep.ps.optim.kernel;

/**
 * One optimizer's arithmetic for one step, its scalars already computed. Immutable, thread-safe on
 * disjoint ranges.
 *
 * <p>An element loop is a counted loop that indexes all its arrays alike, with arrays and scalars
 * in local variables and without a branch on an element: so HotSpot's C2 compiles it to vector
 * instructions; with an offset between the arrays it would not.
 */
@FunctionalInterface
public interface UpdateKernel {

  /** Subtracts the update from θ and advances the state; G becomes what was subtracted. */
  void apply(Tile tile, UpdateTerms terms);
}
