package dev.lockstep.ps.reduce;

/** Rounding to bfloat16 on the bits of a float32, without a branch. */
final class BrainFloat {

  private static final int MAGNITUDE = 0x7FFF_FFFF;
  private static final int INFINITY = 0x7F80_0000;
  private static final int LARGEST = 0x7F7F_0000;
  private static final int QUIET = 0x0040_0000;

  private BrainFloat() {}

  /** Bits of the nearest bfloat16; its lower half is zero. */
  static int round(int bits) {
    int magnitude = bits & MAGNITUDE;
    int special = Masks.atLeast(magnitude, INFINITY);
    int nan = Masks.atLeast(magnitude, INFINITY + 1);
    // The lowest bit that is kept makes ties go to even; a carry moves into the exponent.
    int nearest = (magnitude + 0x7FFF + ((magnitude >>> 16) & 1)) & 0xFFFF_0000;
    int beyond = Masks.atLeast(nearest, LARGEST + 1);
    int finite = Masks.choose(beyond, LARGEST, nearest);
    int kept = (magnitude | (QUIET & nan)) & 0xFFFF_0000;
    return Masks.choose(special, kept, finite) | (bits & ~MAGNITUDE);
  }
}
