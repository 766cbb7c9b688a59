package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.StepTime;

/** An optimizer whose update of an element depends on that element alone. */
public sealed interface ElementwiseOptimizer extends OptimizerSpec
    permits BlockMomentum, Dl4jOptimizer, OptimizerSpec.Assign {

  /**
   * The arithmetic of one step.
   *
   * @param time of the step; {@code t = time.updates() + 1} in formulas
   */
  UpdateKernel kernel(StepTime time);
}
