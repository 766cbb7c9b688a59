package dev.lockstep.sharding.plan;

/**
 * A pseudo-random order of [0, size) and its inverse: a pure function of (size, key), in constant
 * memory and constant time on average. Immutable. Frozen once released.
 *
 * <p>An index is written with the fewest bits that hold size - 1, but at least 8, and cut into a
 * high and a low half, the low one a bit longer where they cannot be equal. Rounds take turns in
 * changing one half by a hash of the other, which a round with the same key undoes; whatever lands
 * at or above size goes through the network again ("cycle walking", fewer than two walks on average
 * from 128 on), so that [0, size) is mapped onto itself. Sources: Black and Rogaway, "Ciphers with
 * arbitrary finite domains", CT-RSA 2002, for cycle walking; Mitchell, Stokes, Frank and Holmes,
 * "Bandwidth-optimal random shuffling for GPUs", 2021, for such networks as shuffles and for halves
 * of unequal length. The hash of a round is SplitMix64's finalizer.
 *
 * <pre>
 * high ^= hash(low + key 0)    low ^= hash(high + key 1)    high ^= hash(low + key 2)   …
 * </pre>
 */
final class FeistelPermutation {

  private static final int ROUNDS = 12;

  /** Halves of one or two bits are mixed badly: with 3 bits some orders of 5 came up too often. */
  private static final int LEAST_BITS = 8;

  private final long size;
  private final int lowBits;
  private final long lowMask;
  private final long highMask;
  private final long[] keys = new long[ROUNDS];

  FeistelPermutation(long size, long key) {
    if (size < 0 || size > 1L << 62) {
      throw new IllegalArgumentException("size=%d must be in [0, 2^62]".formatted(size));
    }
    this.size = size;
    int bits = size < 2 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(size - 1);
    bits = Math.max(bits, LEAST_BITS);
    lowBits = (bits + 1) / 2;
    lowMask = (1L << lowBits) - 1;
    highMask = (1L << (bits - lowBits)) - 1;
    SplitMix64 random = new SplitMix64(key);
    for (int round = 0; round < ROUNDS; round++) {
      keys[round] = random.next();
    }
  }

  /** What stands at an index of the order, both in [0, size). */
  long at(long index) {
    long walked = checked(index);
    do {
      long low = walked & lowMask;
      long high = walked >>> lowBits;
      for (int round = 0; round < ROUNDS; round += 2) {
        high ^= SplitMix64.scramble(low + keys[round]) & highMask;
        low ^= SplitMix64.scramble(high + keys[round + 1]) & lowMask;
      }
      walked = high << lowBits | low;
    } while (walked >= size);
    return walked;
  }

  /** At which index of the order a value stands, both in [0, size). */
  long indexOf(long value) {
    long walked = checked(value);
    do {
      long low = walked & lowMask;
      long high = walked >>> lowBits;
      for (int round = ROUNDS - 2; round >= 0; round -= 2) {
        low ^= SplitMix64.scramble(high + keys[round + 1]) & lowMask;
        high ^= SplitMix64.scramble(low + keys[round]) & highMask;
      }
      walked = high << lowBits | low;
    } while (walked >= size);
    return walked;
  }

  private long checked(long value) {
    if (value < 0 || value >= size) {
      throw new IllegalArgumentException("%d must be in [0, size=%d)".formatted(value, size));
    }
    return value;
  }
}
