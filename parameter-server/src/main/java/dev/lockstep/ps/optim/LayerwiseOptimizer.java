package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.LayerwiseKernel;
import dev.lockstep.ps.schedule.StepTime;

/**
 * An optimizer that scales the update of each block by a trust ratio, had from the norms of the
 * block's θ and direction over all shards. A step takes two passes with an exchange of norms
 * between: {@link ShardOptimizer#computeDirection} and {@link ShardOptimizer#applyTrust}.
 */
sealed interface LayerwiseOptimizer extends OptimizerSpec permits Lamb, Lars {

  /**
   * The arithmetic of one step.
   *
   * @param time of the step; {@code t = time.updates() + 1} in formulas
   */
  LayerwiseKernel layerwiseKernel(StepTime time);

  /**
   * What the update of a block is scaled by.
   *
   * @param thetaNorm L2 norm of the block's θ
   * @param directionNorm L2 norm of the block's direction
   * @return 1 where one of them is 0, so that a block that begins at 0 learns
   */
  double trust(double thetaNorm, double directionNorm);

  /**
   * What biases and the gains and offsets of normalization are given in its place where a plan
   * tells them apart: the same without trust ratio and weight decay, as is usual for parameters of
   * one dimension, whose norms say little. Needs no more state.
   */
  ElementwiseOptimizer forVectors();
}
