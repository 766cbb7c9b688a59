package dev.lockstep.ps.optim;

/** What optimizers ask of their hyperparameters. */
final class Hyperparameters {

  private Hyperparameters() {}

  static void requireFraction(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + "=" + value + " must be in [0, 1)");
    }
  }

  static void requireNonNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + "=" + value + " must be finite and >= 0");
    }
  }
}
