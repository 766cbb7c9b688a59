package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdamKernel;
import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * RAdam as in PyTorch 1.13: m and v as in {@link Adam}; {@code rho = rhoMax - 2 * t * beta2^t / (1
 * - beta2^t)} with {@code rhoMax = 2 / (1 - beta2) - 1}. Where rho is above 5, {@code u = lr * r *
 * (m' / (1 - beta1^t)) * sqrt(1 - beta2^t) / (sqrt(v') + epsilon)} with {@code r = sqrt((rho - 4) *
 * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho))}; before, {@code u = lr * m' / (1 -
 * beta1^t)}. State: m, v.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon before the bias correction
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record RAdam(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final RAdam DEFAULT = new RAdam(Schedule.fixed(1e-3), 0.9, 0.999, 1e-8, 0);

  /** Checks the hyperparameters. */
  public RAdam {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("RAdam beta1", beta1);
    Hyperparameters.requireFraction("RAdam beta2", beta2);
    Hyperparameters.requireNonNegative("RAdam epsilon", epsilon);
    Hyperparameters.requireNonNegative("RAdam weightDecay", weightDecay);
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
    double step = learningRate(time) / (1 - StrictMath.pow(beta1, t));
    double power = StrictMath.pow(beta2, t);
    double rhoMax = 2 / (1 - beta2) - 1;
    double rho = rhoMax - 2 * t * power / (1 - power);
    if (rho <= 5) {
      // u = step * m' / (0 * sqrt(v') + 1)
      return new AdamKernel(Betas.of(beta1, beta2), (float) step, 0f, 1f);
    }
    double rectified =
        StrictMath.sqrt(
            (rho - 4) * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho) * (1 - power));
    return new AdamKernel(Betas.of(beta1, beta2), (float) (step * rectified), 1f, (float) epsilon);
  }
}
