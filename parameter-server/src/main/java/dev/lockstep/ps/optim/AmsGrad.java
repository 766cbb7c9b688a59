package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AmsGradKernel;
import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AMSGrad as PyTorch's {@code Adam(amsgrad=True)}: m and v as in {@link Adam}, {@code h' = max(h,
 * v')} in place of v'. State: m, v, h.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon after the bias correction
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record AmsGrad(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AmsGrad DEFAULT = new AmsGrad(Schedule.fixed(1e-3), 0.9, 0.999, 1e-8, 0);

  /** Checks the hyperparameters. */
  public AmsGrad {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("AmsGrad beta1", beta1);
    Hyperparameters.requireFraction("AmsGrad beta2", beta2);
    Hyperparameters.requireNonNegative("AmsGrad epsilon", epsilon);
    Hyperparameters.requireNonNegative("AmsGrad weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 3;
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    double t = time.updates() + 1.0;
    float step = (float) (learningRate(time) / (1 - StrictMath.pow(beta1, t)));
    float scale = (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, t)));
    return new AmsGradKernel(Betas.of(beta1, beta2), step, scale, (float) epsilon);
  }
}
