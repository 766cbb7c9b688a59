package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.LarsKernel;
import dev.lockstep.ps.optim.kernel.LayerwiseKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * LARS (You, Gitman, Ginsburg, Large Batch Training of Convolutional Networks, arXiv 1708.03888,
 * algorithm 1): {@code trust = coefficient * norm(θ) / (norm(g) + weightDecay * norm(θ))}, {@code
 * b' = momentum * b + lr * trust * (g + weightDecay * θ)}, {@code u = b'}, norms over a block. The
 * direction whose norm is taken is g. State: b.
 *
 * @param learningRate lr, the global one
 * @param momentum in [0, 1)
 * @param weightDecay inside the momentum
 * @param coefficient η of the paper, above 0
 */
public record Lars(Schedule learningRate, double momentum, double weightDecay, double coefficient)
    implements LayerwiseOptimizer {

  /** The paper's values for AlexNet and ResNet-50, with a moderate learning rate. */
  public static final Lars DEFAULT = new Lars(Schedule.fixed(1), 0.9, 5e-4, 1e-3);

  /** Checks the hyperparameters. */
  public Lars {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Lars momentum", momentum);
    Hyperparameters.requireNonNegative("Lars weightDecay", weightDecay);
    if (!(coefficient > 0) || Double.isInfinite(coefficient)) {
      throw new IllegalArgumentException(
          "Lars coefficient=" + coefficient + " must be finite and > 0");
    }
  }

  @Override
  public int stateVectors() {
    return 1;
  }

  @Override
  public double trust(double thetaNorm, double directionNorm) {
    return thetaNorm == 0 || directionNorm == 0
        ? 1
        : coefficient * thetaNorm / (directionNorm + weightDecay * thetaNorm);
  }

  @Override
  public ElementwiseOptimizer forVectors() {
    return new Sgd(learningRate, Schedule.fixed(momentum), 0, Sgd.Form.CLASSIC, 0);
  }

  @Override
  public LayerwiseKernel layerwiseKernel(StepTime time) {
    return new LarsKernel((float) learningRate(time), (float) momentum, (float) weightDecay);
  }
}
