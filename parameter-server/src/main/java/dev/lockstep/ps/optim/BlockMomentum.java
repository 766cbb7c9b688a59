package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.BlockMomentumKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;

/**
 * Block momentum in its classical form, an outer optimizer of parameter averaging: {@code d' =
 * momentum * d + rate * g}, {@code u = d'}, where {@code g = θ - mean(θ_v)}. State: d, which is the
 * paper's Δ with its sign turned. The paper's Nesterov form is {@link Dl4jOptimizer.Nesterovs}.
 *
 * <p>Source: Chen and Huo, "Scalable training of deep learning machines by incremental block
 * training with intra-block parallel optimization and blockwise model-update filtering", ICASSP
 * 2016.
 *
 * @param rate the paper's block learning rate ζ, above 0
 * @param momentum the paper's block momentum η, in [0, 1)
 */
public record BlockMomentum(double rate, double momentum) implements ElementwiseOptimizer {

  /** Checks the hyperparameters. */
  public BlockMomentum {
    if (!(rate > 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException("BlockMomentum rate=" + rate + " must be finite and > 0");
    }
    Hyperparameters.requireFraction("BlockMomentum momentum", momentum);
  }

  @Override
  public Schedule learningRate() {
    return Schedule.fixed(rate);
  }

  @Override
  public int stateVectors() {
    return 1;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    return new BlockMomentumKernel((float) learningRate(time), (float) momentum);
  }
}
