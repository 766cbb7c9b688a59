package dev.lockstep.ps.schedule;

/** What schedules ask of their values. */
final class Checks {

  private Checks() {}

  static void finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("schedule " + name + "=" + value + " must be finite");
    }
  }

  static void positive(String name, double value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException("schedule " + name + "=" + value + " must be > 0");
    }
  }

  static void atLeastOne(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("schedule " + name + "=" + value + " must be >= 1");
    }
  }
}
