package dev.lockstep.ps.reduce;

/** Choices without a branch, which the compiler can vectorize. */
final class Masks {

  private Masks() {}

  /** All ones where {@code value >= bound}, else zero. Both in {@code [0, 2^31)}. */
  static int atLeast(int value, int bound) {
    return ~(value - bound) >> 31;
  }

  /** One value where the mask is all ones, the other where it is zero. */
  static int choose(int mask, int ones, int zeros) {
    return zeros ^ ((ones ^ zeros) & mask);
  }
}
