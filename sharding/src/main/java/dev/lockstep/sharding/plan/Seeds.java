package dev.lockstep.sharding.plan;

/**
 * Hashes of integers, wherever a seed is derived from others. Pure; integers only, so the same on
 * every machine. Frozen once released.
 */
public final class Seeds {

  private Seeds() {}

  /**
   * A 64-bit hash of a sequence of integers, for example {@code mix(seed, step, v)}. Sequences of
   * different lengths hash differently.
   */
  public static long mix(long... values) {
    long hash = SplitMix64.scramble(values.length);
    for (long value : values) {
      hash = SplitMix64.scramble((hash ^ value) + SplitMix64.GAMMA);
    }
    return hash;
  }
}
