package dev.lockstep.ps.protocol;

/**
 * What comes with a gradient sum.
 *
 * @param examples how many examples were summed; 0 if all virtual workers of the sum are empty
 * @param lossSum sum of their losses; 0 if there are none
 * @param nonFinite the first virtual worker whose own gradient sum had a NaN, an infinity or an
 *     element so large that V of them could overflow; {@link #FINITE} if there is none. A property
 *     of virtual workers, not of the sum, so that it does not depend on who summed what
 */
public record Contribution(long examples, double lossSum, int nonFinite) {

  /** All gradients are finite, and so is any sum of them. */
  public static final int FINITE = -1;

  /** No example. */
  public static final Contribution EMPTY = new Contribution(0, 0, FINITE);

  /** Checks that an empty one carries nothing. */
  public Contribution {
    if (examples < 0 || nonFinite < FINITE) {
      throw new IllegalArgumentException(
          "examples=" + examples + " nonFinite=" + nonFinite + " must be >= 0 and >= " + FINITE);
    }
    if (examples == 0 && (lossSum != 0 || nonFinite != FINITE)) {
      throw new IllegalArgumentException(
          "examples=0 but lossSum="
              + lossSum
              + " nonFinite="
              + nonFinite
              + ": an empty sum carries neither");
    }
  }

  /** Finite gradients of so many examples. */
  public static Contribution of(long examples, double lossSum) {
    return new Contribution(examples, lossSum, FINITE);
  }

  /** Both together; {@code this} is the left side of the sum. */
  public Contribution plus(Contribution right) {
    if (examples == 0) {
      return right;
    }
    return right.examples == 0
        ? this
        : new Contribution(
            examples + right.examples, lossSum + right.lossSum, first(nonFinite, right.nonFinite));
  }

  private static int first(int a, int b) {
    if (a == FINITE) {
      return b;
    }
    return b == FINITE ? a : Math.min(a, b);
  }
}
