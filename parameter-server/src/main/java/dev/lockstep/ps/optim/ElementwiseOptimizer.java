package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.StepTime;

/** An optimizer whose update of an element depends on that element alone: one pass a step. */
sealed interface ElementwiseOptimizer extends OptimizerSpec
    permits BlockMomentum,
        Dl4jOptimizer,
        OptimizerSpec.Assign,
        Sgd,
        AdaGrad,
        RmsProp,
        AdaDelta,
        Adam,
        AmsGrad,
        AdamW,
        AdaMax,
        Nadam,
        RAdam,
        Lion {

  /**
   * The arithmetic of one step.
   *
   * @param time of the step; {@code t = time.updates() + 1} in formulas
   */
  UpdateKernel kernel(StepTime time);

  /** Weight decay that is part of the gradient: {@code ĝ += coupledDecay * θ}; 0 for none. */
  default double coupledDecay() {
    return 0;
  }

  /** Weight decay beside the gradient: {@code u += lr * decoupledDecay * θ}; 0 for none. */
  default double decoupledDecay() {
    return 0;
  }
}
