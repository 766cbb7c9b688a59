package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdaGradKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AdaGrad as in PyTorch: {@code h' = h + g * g}, {@code u = lr / (1 + (t - 1) * rateDecay) * g /
 * (sqrt(h') + epsilon)}. State: h, which begins at initialAccumulator.
 *
 * @param learningRate lr
 * @param rateDecay of the learning rate, over updates
 * @param initialAccumulator what h begins with
 * @param epsilon keeps 0 / 0 out
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record AdaGrad(
    Schedule learningRate,
    double rateDecay,
    double initialAccumulator,
    double epsilon,
    double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AdaGrad DEFAULT = new AdaGrad(Schedule.fixed(1e-2), 0, 0, 1e-10, 0);

  /** Checks the hyperparameters. */
  public AdaGrad {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireNonNegative("AdaGrad rateDecay", rateDecay);
    Hyperparameters.requireNonNegative("AdaGrad initialAccumulator", initialAccumulator);
    Hyperparameters.requireNonNegative("AdaGrad epsilon", epsilon);
    Hyperparameters.requireNonNegative("AdaGrad weightDecay", weightDecay);
  }

  /** The same at a fixed learning rate. */
  public AdaGrad withLearningRate(double rate) {
    return new AdaGrad(Schedule.fixed(rate), rateDecay, initialAccumulator, epsilon, weightDecay);
  }

  @Override
  public int stateVectors() {
    return 1;
  }

  @Override
  public float initialState() {
    return (float) initialAccumulator;
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    float rate = (float) (learningRate(time) / (1 + time.updates() * rateDecay));
    return new AdaGradKernel(rate, (float) epsilon);
  }
}
