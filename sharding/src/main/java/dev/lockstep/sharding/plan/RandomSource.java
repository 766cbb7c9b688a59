package dev.lockstep.sharding.plan;

/**
 * Random numbers that are a function of a seed alone, the same on every machine: SplitMix64. For
 * one thread. Frozen once released.
 */
public final class RandomSource {

  /** 2^-53, the distance between two uniform numbers. */
  private static final double UNIT = 0x1.0p-53;

  private final SplitMix64 bits;

  /** A second normal number that fell off, or NaN. */
  private double spare = Double.NaN;

  /** Numbers of a seed; {@link Seeds#mix} makes seeds that have nothing to do with each other. */
  public RandomSource(long seed) {
    bits = new SplitMix64(seed);
  }

  /** 64 random bits. */
  public long next() {
    return bits.next();
  }

  /** Uniform in [0, bound), for a bound of at least 1. */
  public int below(int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound=%d must be >= 1".formatted(bound));
    }
    return bits.below(bound);
  }

  /** Uniform in [0, 1). */
  public double uniform() {
    return (next() >>> 11) * UNIT;
  }

  /**
   * Normal with mean 0 and variance 1. Source: Marsaglia and Bray, "A convenient method for
   * generating normal variables", SIAM Review 1964 (the polar method).
   */
  public double gaussian() {
    if (!Double.isNaN(spare)) {
      double second = spare;
      spare = Double.NaN;
      return second;
    }
    double x;
    double y;
    double square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    // StrictMath: the same bits on every machine.
    double scale = Math.sqrt(-2 * StrictMath.log(square) / square);
    spare = y * scale;
    return x * scale;
  }
}
