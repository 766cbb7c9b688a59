package dev.lockstep.sharding.plan;

/**
 * The SplitMix64 generator: a Weyl sequence through a 64-bit finalizer. Source: Steele, Lea and
 * Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Written out here because
 * the plan is frozen and the JDK's own generators are not.
 */
final class SplitMix64 {

  /** The odd number nearest to 2^64 divided by the golden ratio. */
  static final long GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  SplitMix64(long key) {
    state = key;
  }

  static long scramble(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  long next() {
    state += GAMMA;
    return scramble(state);
  }

  /**
   * Uniform in [0, bound), without bias. Source: Lemire, "Fast random integer generation in an
   * interval", ACM TOMACS 2019.
   */
  int below(int bound) {
    long product = (next() >>> 32) * bound;
    long low = product & 0xFFFFFFFFL;
    if (low < bound) {
      long tooLow = (0x100000000L - bound) % bound;
      while (low < tooLow) {
        product = (next() >>> 32) * bound;
        low = product & 0xFFFFFFFFL;
      }
    }
    return (int) (product >>> 32);
  }

  /** A uniformly random order of [0, n), by Fisher and Yates. */
  static int[] permutation(int n, long key) {
    SplitMix64 random = new SplitMix64(key);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.below(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** 0, 1, …, n-1. */
  static int[] identity(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    return order;
  }
}
