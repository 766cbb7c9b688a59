package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.AdaDeltaKernel;
import dev.lockstep.ps.optim.kernel.AdaGradKernel;
import dev.lockstep.ps.optim.kernel.AmsGradKernel;
import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.Dl4jAdaMaxKernel;
import dev.lockstep.ps.optim.kernel.Dl4jAdamKernel;
import dev.lockstep.ps.optim.kernel.Dl4jNadamKernel;
import dev.lockstep.ps.optim.kernel.Dl4jRmsPropKernel;
import dev.lockstep.ps.optim.kernel.NesterovsKernel;
import dev.lockstep.ps.optim.kernel.PlainKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * DL4J's form of an optimizer: what a model that carries a DL4J updater is trained with. Formulas,
 * state and initial state are those of DL4J's updater of the same name (ND4J 1.0.0-M2.1, {@code
 * org.nd4j.linalg.learning} and the native ops behind it), so that training continues where plain
 * DL4J stopped, and the other way round. Like there, hyperparameters are rounded to float32 before
 * use and elements are computed in float32.
 */
public sealed interface Dl4jOptimizer extends ElementwiseOptimizer {

  /** {@code u = lr * g}. */
  record Sgd(Schedule learningRate) implements Dl4jOptimizer {

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
      return new PlainKernel((float) learningRate(time));
    }
  }

  /**
   * Nesterov momentum in DL4J's form: {@code v' = mu * v - lr * g}, {@code u = mu * v - (1 + mu) *
   * v'}. State: v.
   */
  record Nesterovs(Schedule learningRate, Schedule momentum) implements Dl4jOptimizer {

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
      return new NesterovsKernel(
          (float) learningRate(time), (float) momentum.at(time.iteration(), time.epoch()));
    }
  }

  /**
   * Adam in DL4J's form, with ε outside the bias correction: {@code m' = b1 * m + (1 - b1) * g},
   * {@code v' = b2 * v + (1 - b2) * g * g}, {@code u = step * m' / (sqrt(v') + epsilon)} with
   * {@code step = lr * sqrt(1 - b2^t) / (1 - b1^t)}. State: m, v.
   */
  record Adam(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public Adam {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireFraction("Adam beta1", beta1);
      Hyperparameters.requireFraction("Adam beta2", beta2);
      Hyperparameters.requireNonNegative("Adam epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new Dl4jAdamKernel(
          Betas.ofFloats((float) beta1, (float) beta2),
          adamStep((float) learningRate(time), beta1, beta2, epsilon, time),
          (float) epsilon);
    }
  }

  /**
   * AMSGrad in DL4J's form: m, v and step as in {@link Adam}, {@code h' = max(h, v')}, {@code u =
   * step * m' / (sqrt(h') + epsilon)}. State: m, v, h.
   */
  record AmsGrad(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public AmsGrad {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireFraction("AmsGrad beta1", beta1);
      Hyperparameters.requireFraction("AmsGrad beta2", beta2);
      Hyperparameters.requireNonNegative("AmsGrad epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 3;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new AmsGradKernel(
          Betas.ofFloats((float) beta1, (float) beta2),
          adamStep((float) learningRate(time), beta1, beta2, epsilon, time),
          1f,
          (float) epsilon);
    }
  }

  /**
   * AdaMax in DL4J's form: m as in {@link Adam}, {@code w' = max(b2 * w, |g|) + 1e-32}, {@code u =
   * lr / (1 - b1^t) * m' / w'}. State: m, w.
   */
  record AdaMax(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public AdaMax {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireFraction("AdaMax beta1", beta1);
      Hyperparameters.requireFraction("AdaMax beta2", beta2);
      Hyperparameters.requireNonNegative("AdaMax epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      float step = (float) ((float) learningRate(time) / (1.0 - power(beta1, time)));
      return new Dl4jAdaMaxKernel(
          Betas.ofFloats((float) beta1, (float) beta2), orEpsilon(step, (float) epsilon));
    }
  }

  /**
   * Nadam in DL4J's form: m and v as in {@link Adam}, {@code u = lr * (b1 * m' + (1 - b1) * g) / (1
   * - b1^t) / (sqrt(v') + epsilon)}. State: m, v.
   */
  record Nadam(Schedule learningRate, double beta1, double beta2, double epsilon)
      implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public Nadam {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireFraction("Nadam beta1", beta1);
      Hyperparameters.requireFraction("Nadam beta2", beta2);
      Hyperparameters.requireNonNegative("Nadam epsilon", epsilon);
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new Dl4jNadamKernel(
          Betas.ofFloats((float) beta1, (float) beta2),
          (float) learningRate(time),
          (float) (1.0 - power(beta1, time)),
          (float) epsilon);
    }
  }

  /**
   * {@code h' = h + g * g}, {@code u = lr * g / (sqrt(h') + epsilon)}. State: h, which begins at
   * 1e-6 whatever epsilon is (AdaGradUpdater keeps the default in a field of its own).
   */
  record AdaGrad(Schedule learningRate, double epsilon) implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public AdaGrad {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireNonNegative("AdaGrad epsilon", epsilon);
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
      return new AdaGradKernel((float) learningRate(time), (float) epsilon);
    }
  }

  /**
   * {@code s' = decay * s + (1 - decay) * g * g}, {@code u = lr * g / (sqrt(s') + epsilon)}. State:
   * s, which begins at epsilon.
   */
  record RmsProp(Schedule learningRate, double decay, double epsilon) implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public RmsProp {
      Objects.requireNonNull(learningRate, "learningRate");
      Hyperparameters.requireFraction("RmsProp decay", decay);
      Hyperparameters.requireNonNegative("RmsProp epsilon", epsilon);
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
      return new Dl4jRmsPropKernel((float) learningRate(time), (float) decay, (float) epsilon);
    }
  }

  /**
   * {@code s' = rho * s + (1 - rho) * g * g}, {@code u = g * sqrt(d + epsilon) / sqrt(s' +
   * epsilon)}, {@code d' = rho * d + (1 - rho) * u * u}. State: s, d. No learning rate.
   */
  record AdaDelta(double rho, double epsilon) implements Dl4jOptimizer {

    /** Checks the hyperparameters. */
    public AdaDelta {
      Hyperparameters.requireFraction("AdaDelta rho", rho);
      Hyperparameters.requireNonNegative("AdaDelta epsilon", epsilon);
    }

    @Override
    public Schedule learningRate() {
      return Schedule.fixed(1);
    }

    /** No rate, and so none that a plateau could reduce. */
    @Override
    public double learningRate(StepTime time) {
      return 1;
    }

    @Override
    public int stateVectors() {
      return 2;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new AdaDeltaKernel(1f, (float) rho, 1 - (float) rho, (float) epsilon);
    }
  }

  /** {@code u = g}: a trained block without an optimizer, clipped and regularized like others. */
  record NoOp() implements Dl4jOptimizer {

    @Override
    public Schedule learningRate() {
      return Schedule.fixed(1);
    }

    /** No rate, and so none that a plateau could reduce. */
    @Override
    public double learningRate(StepTime time) {
      return 1;
    }

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new PlainKernel(1f);
    }
  }

  /**
   * Adam's bias-corrected learning rate. Powers are rounded to float32 before 1 - b^t, as in ND4J's
   * native code: for b2 = 0.999 that changes the first steps by some 1e-5, which parity needs.
   */
  private static float adamStep(
      float learningRate, double beta1, double beta2, double epsilon, StepTime time) {
    float corrected = learningRate * (float) StrictMath.sqrt((float) (1.0 - power(beta2, time)));
    return orEpsilon((float) (corrected / (1.0 - power(beta1, time))), (float) epsilon);
  }

  private static float power(double beta, StepTime time) {
    return (float) StrictMath.pow((float) beta, (double) (time.updates() + 1));
  }

  /** As in ND4J, a rate that is 0 or not finite is replaced by epsilon. */
  private static float orEpsilon(float step, float epsilon) {
    return step == 0 || !Float.isFinite(step) ? epsilon : step;
  }
}
