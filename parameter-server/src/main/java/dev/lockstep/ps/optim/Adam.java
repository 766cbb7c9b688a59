package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdamKernel;
import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * Adam as in PyTorch, with ε after the bias correction: {@code m' = beta1 * m + (1 - beta1) * g},
 * {@code v' = beta2 * v + (1 - beta2) * g * g}, {@code u = lr * (m' / (1 - beta1^t)) / (sqrt(v' /
 * (1 - beta2^t)) + epsilon)}. State: m, v.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon after the bias correction
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record Adam(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final Adam DEFAULT = new Adam(Schedule.fixed(1e-3), 0.9, 0.999, 1e-8, 0);

  /** Checks the hyperparameters. */
  public Adam {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Adam beta1", beta1);
    Hyperparameters.requireFraction("Adam beta2", beta2);
    Hyperparameters.requireNonNegative("Adam epsilon", epsilon);
    Hyperparameters.requireNonNegative("Adam weightDecay", weightDecay);
  }

  /** The same at a fixed learning rate. */
  public Adam withLearningRate(double rate) {
    return new Adam(Schedule.fixed(rate), beta1, beta2, epsilon, weightDecay);
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
    return kernel(learningRate(time), beta1, beta2, epsilon, time.updates() + 1);
  }

  /** Without weight decay. */
  static UpdateKernel kernel(double rate, double beta1, double beta2, double epsilon, long t) {
    double step = rate / (1 - StrictMath.pow(beta1, (double) t));
    double scale = 1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, (double) t));
    return new AdamKernel(Betas.of(beta1, beta2), (float) step, (float) scale, (float) epsilon);
  }
}
