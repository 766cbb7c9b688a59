package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
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
  default double learningRate(StepTime time) {
    return 1;
  }

  /**
   * The arithmetic of one step.
   *
   * @param time of the step; {@code t = time.updates() + 1} in formulas
   */
  UpdateKernel kernel(StepTime time);

  /** An optimizer with a learning rate. */
  sealed interface WithRate extends OptimizerSpec {

    /** The learning rate; DL4J's {@code learningRate} or {@code learningRateSchedule}. */
    Schedule learningRate();

    @Override
    default double learningRate(StepTime time) {
      return learningRate().at(time.iteration(), time.epoch()) * time.rateScale();
    }
  }

  /** {@code u = lr * g}. */
  record Sgd(Schedule learningRate) implements WithRate {

    /** Checks for null. */
    public Sgd {
      Objects.requireNonNull(learningRate, "learningRate");
    }

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.sgd((float) learningRate(time));
    }
  }

  /**
   * Nesterov momentum in DL4J's form: {@code v' = mu * v - lr * g}, {@code u = mu * v - (1 + mu) *
   * v'}. State: v.
   */
  record Nesterovs(Schedule learningRate, Schedule momentum) implements WithRate {

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
    public UpdateKernel kernel(StepTime time) {
      return Kernels.nesterovs(
          (float) learningRate(time), (float) momentum.at(time.iteration(), time.epoch()));
    }
  }

  /**
   * Adam in DL4J's form, with ε outside the bias correction: {@code m' = b1 * m + (1 - b1) * g},
   * {@code v' = b2 * v + (1 - b2) * g * g}, {@code u = step * m' / (sqrt(v') + epsilon)} with
   * {@code step = lr * sqrt(1 - b2^t) / (1 - b1^t)}. State: m, v.
   */
  record Adam(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements WithRate {

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
    public UpdateKernel kernel(StepTime time) {
      return Kernels.adam(
          (float) learningRate(time),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          time.updates() + 1);
    }
  }

  /**
   * AMSGrad in DL4J's form: m, v and step as in {@link Adam}, {@code h' = max(h, v')}, {@code u =
   * step * m' / (sqrt(h') + epsilon)}. State: m, v, h.
   */
  record AmsGrad(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements WithRate {

    /** Checks the hyperparameters. */
    public AmsGrad {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("AmsGrad beta1", beta1);
      requireDecay("AmsGrad beta2", beta2);
      requireEpsilon("AmsGrad epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 3;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.amsGrad(
          (float) learningRate(time),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          time.updates() + 1);
    }
  }

  /**
   * AdaMax in DL4J's form: m as in {@link Adam}, {@code w' = max(b2 * w, |g|) + 1e-32}, {@code u =
   * lr / (1 - b1^t) * m' / w'}. State: m, w.
   */
  record AdaMax(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements WithRate {

    /** Checks the hyperparameters. */
    public AdaMax {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("AdaMax beta1", beta1);
      requireDecay("AdaMax beta2", beta2);
      requireEpsilon("AdaMax epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.adaMax(
          (float) learningRate(time),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          time.updates() + 1);
    }
  }

  /**
   * Nadam in DL4J's form: m and v as in {@link Adam}, {@code u = lr * (b1 * m' + (1 - b1) * g) / (1
   * - b1^t) / (sqrt(v') + epsilon)}. State: m, v.
   */
  record Nadam(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements WithRate {

    /** Checks the hyperparameters. */
    public Nadam {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("Nadam beta1", beta1);
      requireDecay("Nadam beta2", beta2);
      requireEpsilon("Nadam epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.nadam(
          (float) learningRate(time),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          time.updates() + 1);
    }
  }

  /**
   * AdaBelief in DL4J's form: m and step as in {@link Adam}, {@code s' = b2 * s + (1 - b2) * (g -
   * m')^2 + epsilon}, {@code u = step * m' / (sqrt(s') + epsilon)}. State: m, s.
   */
  record AdaBelief(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements WithRate {

    /** Checks the hyperparameters. */
    public AdaBelief {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("AdaBelief beta1", beta1);
      requireDecay("AdaBelief beta2", beta2);
      requireEpsilon("AdaBelief epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.adaBelief(
          (float) learningRate(time),
          (float) beta1,
          (float) beta2,
          (float) epsilon,
          time.updates() + 1);
    }
  }

  /**
   * {@code h' = h + g * g}, {@code u = lr * g / (sqrt(h') + epsilon)}. State: h, which begins at
   * 1e-6 whatever epsilon is (AdaGradUpdater keeps the default in a field of its own).
   */
  record AdaGrad(Schedule learningRate, double epsilon) implements WithRate {

    /** Checks the hyperparameters. */
    public AdaGrad {
      Objects.requireNonNull(learningRate, "learningRate");
      requireEpsilon("AdaGrad epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 1;
    }

    @Override
    public float initialState() {
      return 1e-6f;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.adaGrad((float) learningRate(time), (float) epsilon);
    }
  }

  /**
   * {@code s' = decay * s + (1 - decay) * g * g}, {@code u = lr * g / (sqrt(s') + epsilon)}. State:
   * s, which begins at epsilon.
   */
  record RmsProp(Schedule learningRate, double decay, double epsilon) implements WithRate {

    /** Checks the hyperparameters. */
    public RmsProp {
      Objects.requireNonNull(learningRate, "learningRate");
      requireDecay("RmsProp decay", decay);
      requireEpsilon("RmsProp epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 1;
    }

    @Override
    public float initialState() {
      return (float) epsilon;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.rmsProp((float) learningRate(time), (float) decay, (float) epsilon);
    }
  }

  /**
   * {@code s' = rho * s + (1 - rho) * g * g}, {@code u = g * sqrt(d + epsilon) / sqrt(s' +
   * epsilon)}, {@code d' = rho * d + (1 - rho) * u * u}. State: s, d. No learning rate.
   */
  record AdaDelta(double rho, double epsilon) implements OptimizerSpec {

    /** Checks the hyperparameters. */
    public AdaDelta {
      requireDecay("AdaDelta rho", rho);
      requireEpsilon("AdaDelta epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.adaDelta((float) rho, (float) epsilon);
    }
  }

  /** {@code u = g}: a trained block without an optimizer, clipped and regularised like others. */
  record NoOp() implements OptimizerSpec {

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return Kernels.identity();
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
    public UpdateKernel kernel(StepTime time) {
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
