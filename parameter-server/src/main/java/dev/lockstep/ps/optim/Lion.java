package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.LionKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * Lion (Chen et al., Symbolic Discovery of Optimization Algorithms, arXiv 2302.06675, algorithm 2):
 * {@code u = lr * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * θ)}, {@code m' = beta2 * m +
 * (1 - beta2) * g}. State: m.
 *
 * @param learningRate lr; 3 to 10 times smaller than Adam's
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param weightDecay decoupled
 */
public record Lion(Schedule learningRate, double beta1, double beta2, double weightDecay)
    implements ElementwiseOptimizer {

  /** The defaults of the authors' code. */
  public static final Lion DEFAULT = new Lion(Schedule.fixed(1e-4), 0.9, 0.99, 0);

  /** Checks the hyperparameters. */
  public Lion {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Lion beta1", beta1);
    Hyperparameters.requireFraction("Lion beta2", beta2);
    Hyperparameters.requireNonNegative("Lion weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 1;
  }

  @Override
  public double decoupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    return new LionKernel(Betas.of(beta1, beta2), (float) learningRate(time));
  }
}
