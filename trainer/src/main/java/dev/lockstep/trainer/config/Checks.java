package dev.lockstep.trainer.config;

import java.time.Duration;

/** Ranges of values, refused with name, value and remedy. */
final class Checks {
  private Checks() {}

  static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + "=" + value + " < " + least + ": give a value of at least " + least);
    }
  }

  static void notNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + "=" + value + " is not a finite number >= 0: give a threshold, or 0 for none");
    }
  }

  static void positive(String name, Duration value) {
    if (value == null || value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(
          name + "=" + value + " must be longer than zero: give a time such as 90s");
    }
  }
}
