package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.RmsPropKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * RMSprop as in PyTorch: {@code s' = alpha * s + (1 - alpha) * g * g}, {@code d = g / (sqrt(s') +
 * epsilon)}, {@code u = lr * d}. Centered, {@code a' = alpha * a + (1 - alpha) * g} and {@code s' -
 * a' * a'} is under the root (not below 0, where float32 would round it to). With momentum, {@code
 * b' = momentum * b + d}, {@code u = lr * b'}. State: s; then a if centered; then b if momentum is
 * above 0.
 *
 * @param learningRate lr
 * @param alpha in [0, 1)
 * @param epsilon outside the root
 * @param momentum 0 for none
 * @param centering whether the mean is taken off
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record RmsProp(
    Schedule learningRate,
    double alpha,
    double epsilon,
    double momentum,
    Centering centering,
    double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final RmsProp DEFAULT =
      new RmsProp(Schedule.fixed(1e-2), 0.99, 1e-8, 0, Centering.NONE, 0);

  /** What the gradient is normalized by. */
  public enum Centering {
    /** Its second moment. */
    NONE,
    /** Its variance: PyTorch's {@code centered}. */
    CENTERED
  }

  /** Checks the hyperparameters. */
  public RmsProp {
    Objects.requireNonNull(learningRate, "learningRate");
    Objects.requireNonNull(centering, "centering");
    Hyperparameters.requireFraction("RmsProp alpha", alpha);
    Hyperparameters.requireNonNegative("RmsProp epsilon", epsilon);
    Hyperparameters.requireNonNegative("RmsProp momentum", momentum);
    Hyperparameters.requireNonNegative("RmsProp weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 1 + (centering == Centering.CENTERED ? 1 : 0) + (momentum > 0 ? 1 : 0);
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    return new RmsPropKernel(
        (float) learningRate(time),
        (float) alpha,
        (float) (1 - alpha),
        (float) epsilon,
        (float) momentum,
        centering == Centering.CENTERED);
  }
}
