package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.LayerwiseKernel;
import dev.lockstep.ps.optim.kernel.LionKernel;
import dev.lockstep.ps.optim.kernel.Tile;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.optim.kernel.UpdateTerms;

/**
 * What is done to one block in one step, all scalars computed: what {@link ShardOptimizer} runs
 * tile by tile.
 *
 * @param terms around the optimizer's formula
 * @param limit of clipping; infinite for none
 * @param l1 coefficient; 0 for none
 */
record BlockStep(UpdateTerms terms, float limit, float l1) {

  /** Subtracts the update of an element-wise optimizer. */
  void update(UpdateKernel kernel, Tile tile) {
    kernel.apply(tile, prepare(tile));
  }

  /** Turns G into the direction of a layer-wise optimizer. */
  void computeDirection(LayerwiseKernel kernel, Tile tile) {
    kernel.computeDirection(tile, prepare(tile));
  }

  /**
   * Clips and adds L1 where they are on: an extra loop over a tile, since both are seldom on.
   *
   * @return the terms that are left
   */
  private UpdateTerms prepare(Tile tile) {
    if (limit == Float.POSITIVE_INFINITY && l1 == 0f) {
      return terms;
    }
    clipAndAddL1(tile);
    return terms.withoutScaling();
  }

  /** The sign comes from clamping, 30 times as fast as Math.signum, which is not vectorized. */
  private void clipAndAddL1(Tile tile) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float divisor = terms.divisor();
    float factor = terms.factor();
    float most = limit;
    float coefficient = l1;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float clamped = Math.max(-most, Math.min(most, g[i] / divisor * factor));
      float sign = Math.max(-1f, Math.min(1f, theta[i] * LionKernel.HUGE * LionKernel.HUGE));
      g[i] = clamped + coefficient * sign;
    }
  }
}
