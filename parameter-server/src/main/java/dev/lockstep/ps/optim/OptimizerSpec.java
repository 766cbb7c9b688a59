package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.Schedule;
import java.io.Serializable;
import java.util.Objects;

/**
 * An optimizer and its hyperparameters. Formulas, state and initial state are those of DL4J's
 * updater of the same name (ND4J 1.0.0-M2.1, {@code org.nd4j.linalg.learning} and the native ops
 * behind it), so that training goes on where plain DL4J left it and the other way round. Like
 * there, hyperparameters are rounded to float32 before use and elements are computed in float32.
 *
 * <p>Immutable; crosses from driver to executors.
 */
public sealed interface OptimizerSpec extends Serializable {

  /** Number of state vectors, each as long as θ, in DL4J's order. */
  int stateVectors();

  /** What state vectors hold before the first step. */
  default float initialState() {
    return 0f;
  }

  /**
   * What a weight decay that scales by the learning rate is multiplied by: 1 for an optimizer that
   * has none, as in DL4J.
   */
  double learningRate(long iteration, int epoch);

  /**
   * The arithmetic of one step.
   *
   * @param iteration optimizer steps taken before this one; {@code t = iteration + 1} in formulas
   * @param epoch epochs completed before this one
   */
  UpdateKernel kernel(long iteration, int epoch);

  /** {@code u = lr * g}. */
  record Sgd(Schedule learningRate) implements OptimizerSpec {

    /** Checks for null. */
    public Sgd {
      Objects.requireNonNull(learningRate, "learningRate");
    }

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public double learningRate(long iteration, int epoch) {
      return learningRate.at(iteration, epoch);
    }

    @Override
    public UpdateKernel kernel(long iteration, int epoch) {
      return Kernels.sgd((float) learningRate(iteration, epoch));
    }
  }

  /**
   * Nesterov momentum in DL4J's form: {@code v' = mu * v - lr * g}, {@code u = mu * v - (1 + mu) *
   * v'}. State: v.
   */
  record Nesterovs(Schedule learningRate, Schedule momentum) implements OptimizerSpec {

    /** Checks for null. */
    public Nesterovs {
      Objects.requireNonNull(learningRate, "learningRate");
      Objects.requireNonNull(momentum, "momentum");
    }

    @Override
    public int stateVectors() {
      return 1;
    }

    @Override
    public double learningRate(long iteration, int epoch) {
      return learningRate.at(iteration, epoch);
    }

    @Override
    public UpdateKernel kernel(long iteration, int epoch) {
      return Kernels.nesterovs(
          (float) learningRate(iteration, epoch), (float) momentum.at(iteration, epoch));
    }
  }

  /**
   * Adam in DL4J's form, with ε outside the bias correction: {@code m' = b1 * m + (1 - b1) * g},
   * {@code v' = b2 * v + (1 - b2) * g * g}, {@code u = lr * sqrt(1 - b2^t) / (1 - b1^t) * m' /
   * (sqrt(v') + epsilon)}. State: m, v.
   */
  record Adam(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements OptimizerSpec {

    /** Checks the hyperparameters. */
    public Adam {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("Adam beta1", beta1);
      requireDecay("Adam beta2", beta2);
      requireEpsilon("Adam epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public double learningRate(long iteration, int epoch) {
      return learningRate.at(iteration, epoch);
    }

    @Override
    public UpdateKernel kernel(long iteration, int epoch) {
      return Kernels.adam(
          (float) learningRate(iteration, epoch),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          iteration + 1);
    }
  }

  /**
   * {@code u = g}: for blocks that are not trained but averaged, such as the running statistics of
   * batch normalisation. Replicas push n_v times their change, the server divides by n. No
   * regularisation, and outside Lockstep's own clipping.
   */
  record Assign() implements OptimizerSpec {

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public double learningRate(long iteration, int epoch) {
      return 1;
    }

    @Override
    public UpdateKernel kernel(long iteration, int epoch) {
      return Kernels.identity();
    }
  }

  private static void requireDecay(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + "=" + value + " must be in [0, 1)");
    }
  }

  private static void requireEpsilon(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + "=" + value + " must be finite and >= 0");
    }
  }
}
