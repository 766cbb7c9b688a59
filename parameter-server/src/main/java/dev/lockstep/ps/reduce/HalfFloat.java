package dev.lockstep.ps.reduce;

/**
 * Conversions between float32 and binary16 on the bits of a float32, without a branch.
 *
 * <p>Magnitudes below 2^-14 are subnormal in binary16, multiples of 2^-24. That is the spacing of
 * float32 in [0.5, 1): adding a number from there rounds to such a multiple, as the processor
 * rounds, to the nearest and ties to even.
 */
final class HalfFloat {

  private static final int SIGN = 0x8000_0000;
  private static final int MAGNITUDE = 0x7FFF_FFFF;
  private static final int INFINITY = 0x7F80_0000;
  private static final int QUIET = 0x0040_0000;

  /** 65,504 and 2^-14, the largest and the smallest normal magnitude of binary16, as float32. */
  private static final int LARGEST = 0x477F_E000;

  private static final int SMALLEST_NORMAL = 0x3880_0000;

  /** Bits of the fraction that binary16 has not. */
  private static final int DROPPED_BITS = 13;

  private static final int DROPPED = (1 << DROPPED_BITS) - 1;

  /** What float32's exponent has more than binary16's, in place. */
  private static final int BIAS = (127 - 15) << 23;

  private HalfFloat() {}

  /** Bits of float32 values to bits of the rounded ones. */
  static void round(FloatBlock block, int count) {
    int[] bits = block.bits;
    int[] signed = bits.clone();
    float[] small = new float[bits.length];
    for (int i = 0; i < count; i++) {
      bits[i] &= MAGNITUDE;
    }
    block.toFloats(small, count);
    for (int i = 0; i < count; i++) {
      small[i] = (small[i] + 0.5f) - 0.5f;
    }
    int[] magnitudes = bits.clone();
    block.ofFloats(small, count);
    for (int i = 0; i < count; i++) {
      int magnitude = magnitudes[i];
      int normal = Masks.choose(special(magnitude), kept(magnitude), nearest(magnitude));
      int subnormal = ~Masks.atLeast(magnitude, SMALLEST_NORMAL);
      bits[i] = Masks.choose(subnormal, bits[i], normal) | (signed[i] & SIGN);
    }
  }

  /** Bits of float32 values to codes of binary16. */
  static void toCodes(FloatBlock block, int count) {
    round(block, count);
    int[] bits = block.bits;
    int[] rounded = bits.clone();
    float[] small = new float[bits.length];
    for (int i = 0; i < count; i++) {
      bits[i] &= MAGNITUDE;
    }
    block.toFloats(small, count);
    for (int i = 0; i < count; i++) {
      small[i] += 0.5f;
    }
    block.ofFloats(small, count);
    int half = Float.floatToRawIntBits(0.5f);
    for (int i = 0; i < count; i++) {
      int magnitude = rounded[i] & MAGNITUDE;
      int special = special(magnitude);
      int exponent = Masks.choose(special, magnitude - 2 * BIAS, magnitude - BIAS);
      int subnormal = ~Masks.atLeast(magnitude, SMALLEST_NORMAL);
      // In [0.5, 1) the bits count multiples of 2^-24: the fraction of a subnormal.
      int code = Masks.choose(subnormal, bits[i] - half, exponent >>> DROPPED_BITS);
      bits[i] = code | ((rounded[i] >>> 16) & 0x8000);
    }
  }

  /** Codes of binary16 to bits of float32 values. */
  static void toBits(FloatBlock block, int count) {
    int[] bits = block.bits;
    int[] codes = bits.clone();
    float[] small = new float[bits.length];
    int half = Float.floatToRawIntBits(0.5f);
    for (int i = 0; i < count; i++) {
      bits[i] = half + (codes[i] & 0x3FF);
    }
    block.toFloats(small, count);
    for (int i = 0; i < count; i++) {
      small[i] -= 0.5f;
    }
    block.ofFloats(small, count);
    for (int i = 0; i < count; i++) {
      int magnitude = (codes[i] & 0x7FFF) << DROPPED_BITS;
      int special = Masks.atLeast(magnitude, 0x1F << 23);
      int normal = magnitude + BIAS + (BIAS & special);
      int subnormal = ~Masks.atLeast(magnitude, 1 << 23);
      bits[i] = Masks.choose(subnormal, bits[i], normal) | ((codes[i] & 0x8000) << 16);
    }
  }

  private static int special(int magnitude) {
    return Masks.atLeast(magnitude, INFINITY);
  }

  private static int kept(int magnitude) {
    return (magnitude | (QUIET & Masks.atLeast(magnitude, INFINITY + 1))) & ~DROPPED;
  }

  /** The nearest normal magnitude, for finite ones that are not subnormal. */
  private static int nearest(int magnitude) {
    int even = (magnitude >>> DROPPED_BITS) & 1;
    int nearest = (magnitude + (DROPPED >>> 1) + even) & ~DROPPED;
    return Masks.choose(Masks.atLeast(nearest, LARGEST + 1), LARGEST, nearest);
  }
}
