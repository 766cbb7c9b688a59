package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AdamW as in PyTorch: {@link Adam} with decoupled weight decay, {@code u += lr * weightDecay * θ}.
 * State: m, v.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon after the bias correction
 * @param weightDecay decoupled
 */
public record AdamW(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AdamW DEFAULT = new AdamW(Schedule.fixed(1e-3), 0.9, 0.999, 1e-8, 1e-2);

  /** Checks the hyperparameters. */
  public AdamW {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("AdamW beta1", beta1);
    Hyperparameters.requireFraction("AdamW beta2", beta2);
    Hyperparameters.requireNonNegative("AdamW epsilon", epsilon);
    Hyperparameters.requireNonNegative("AdamW weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 2;
  }

  @Override
  public double decoupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    return Adam.kernel(learningRate(time), beta1, beta2, epsilon, time.updates() + 1);
  }
}
