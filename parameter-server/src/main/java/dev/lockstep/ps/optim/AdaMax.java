package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdaMaxKernel;
import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AdaMax as in PyTorch: m as in {@link Adam}, {@code w' = max(beta2 * w, |g| + epsilon)}, {@code u
 * = lr / (1 - beta1^t) * m' / w'}. State: m, w.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon above 0 keeps 0 / 0 out
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record AdaMax(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AdaMax DEFAULT = new AdaMax(Schedule.fixed(2e-3), 0.9, 0.999, 1e-8, 0);

  /** Checks the hyperparameters. */
  public AdaMax {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("AdaMax beta1", beta1);
    Hyperparameters.requireFraction("AdaMax beta2", beta2);
    Hyperparameters.requireNonNegative("AdaMax epsilon", epsilon);
    Hyperparameters.requireNonNegative("AdaMax weightDecay", weightDecay);
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
    double t = time.updates() + 1.0;
    float step = (float) (learningRate(time) / (1 - StrictMath.pow(beta1, t)));
    return new AdaMaxKernel(Betas.of(beta1, beta2), step, (float) epsilon);
  }
}
