package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.LambKernel;
import dev.lockstep.ps.optim.kernel.LayerwiseKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * LAMB (You et al., Large Batch Optimization for Deep Learning, arXiv 1904.00962, algorithm 2, with
 * φ(z) = z): m and v as in {@link Adam}, {@code r = (m' / (1 - beta1^t)) / (sqrt(v' / (1 -
 * beta2^t)) + epsilon) + weightDecay * θ}, {@code u = lr * norm(θ) / norm(r) * r}, norms over a
 * block. State: m, v.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon after the bias correction
 * @param weightDecay inside the direction r
 */
public record Lamb(
    Schedule learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    implements LayerwiseOptimizer {

  /** The paper's values for BERT, with a moderate learning rate. */
  public static final Lamb DEFAULT = new Lamb(Schedule.fixed(1e-3), 0.9, 0.999, 1e-6, 1e-2);

  /** Checks the hyperparameters. */
  public Lamb {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Lamb beta1", beta1);
    Hyperparameters.requireFraction("Lamb beta2", beta2);
    Hyperparameters.requireNonNegative("Lamb epsilon", epsilon);
    Hyperparameters.requireNonNegative("Lamb weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 2;
  }

  @Override
  public double trust(double thetaNorm, double directionNorm) {
    return thetaNorm == 0 || directionNorm == 0 ? 1 : thetaNorm / directionNorm;
  }

  @Override
  public ElementwiseOptimizer forVectors() {
    return new Adam(learningRate, beta1, beta2, epsilon, 0);
  }

  @Override
  public LayerwiseKernel layerwiseKernel(StepTime time) {
    double t = time.updates() + 1.0;
    return new LambKernel(
        Betas.of(beta1, beta2),
        (float) learningRate(time),
        (float) (1 / (1 - StrictMath.pow(beta1, t))),
        (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, t))),
        (float) epsilon,
        (float) weightDecay);
  }
}
