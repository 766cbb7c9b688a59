package dev.lockstep.trainer.model;

import java.util.Objects;

/**
 * Choices for the built-in models. Lives on the driver.
 *
 * @param updater which optimizer
 * @param learningRate its learning rate, greater than 0
 * @param activation of the hidden layers
 */
public record BuiltInOptions(Updater updater, double learningRate, Activation activation) {

  /** Optimizers, with DL4J's formulas. */
  public enum Updater {
    /** Plain gradient descent. */
    SGD,
    /** Nesterov momentum 0.9. */
    NESTEROVS,
    /** Adam with β1 = 0.9, β2 = 0.999, ε = 1e-8. */
    ADAM
  }

  /** Activations of hidden layers. */
  public enum Activation {
    /** max(0, x). */
    RELU,
    /** Hyperbolic tangent. */
    TANH
  }

  /** Adam with 1e-3, ReLU. */
  public static final BuiltInOptions DEFAULT =
      new BuiltInOptions(Updater.ADAM, 1e-3, Activation.RELU);

  /** Checks the values. */
  public BuiltInOptions {
    Objects.requireNonNull(updater, "updater");
    Objects.requireNonNull(activation, "activation");
    if (!(learningRate > 0) || Double.isInfinite(learningRate)) {
      throw new IllegalArgumentException(
          "learningRate=" + learningRate + " must be finite and > 0");
    }
  }

  /** These choices with another optimizer. */
  public BuiltInOptions with(Updater other) {
    return new BuiltInOptions(other, learningRate, activation);
  }

  /** These choices with another learning rate. */
  public BuiltInOptions withLearningRate(double rate) {
    return new BuiltInOptions(updater, rate, activation);
  }

  /** These choices with another activation. */
  public BuiltInOptions with(Activation other) {
    return new BuiltInOptions(updater, learningRate, other);
  }
}
