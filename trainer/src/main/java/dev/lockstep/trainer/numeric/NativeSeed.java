package dev.lockstep.trainer.numeric;

/** Seeds for ND4J's native generator, which takes two values for "use the clock". */
public final class NativeSeed {
  private static final long REPLACEMENT = 0x9E3779B97F4A7C15L;

  /** {@code CpuNativeRandom.setSeed} sets two states: the seed, and the seed xor this. */
  private static final long SECOND_STATE = 0xdeadbeef;

  private NativeSeed() {}

  /** The same seed, unless one of the two native states would be 0 and be replaced by the time. */
  public static long of(long seed) {
    return seed == 0 || seed == SECOND_STATE ? REPLACEMENT + seed : seed;
  }
}
