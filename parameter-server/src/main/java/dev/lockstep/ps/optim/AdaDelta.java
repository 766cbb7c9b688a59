package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdaDeltaKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AdaDelta as in PyTorch: {@code s' = rho * s + (1 - rho) * g * g}, {@code d = g * sqrt(a +
 * epsilon) / sqrt(s' + epsilon)}, {@code a' = rho * a + (1 - rho) * d * d}, {@code u = lr * d}.
 * State: s, a.
 *
 * @param learningRate lr
 * @param rho in [0, 1)
 * @param epsilon under both roots
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record AdaDelta(Schedule learningRate, double rho, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AdaDelta DEFAULT = new AdaDelta(Schedule.fixed(1), 0.9, 1e-6, 0);

  /** Checks the hyperparameters. */
  public AdaDelta {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("AdaDelta rho", rho);
    Hyperparameters.requireNonNegative("AdaDelta epsilon", epsilon);
    Hyperparameters.requireNonNegative("AdaDelta weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 2;
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    return new AdaDeltaKernel(
        (float) learningRate(time), (float) rho, (float) (1 - rho), (float) epsilon);
  }
}
