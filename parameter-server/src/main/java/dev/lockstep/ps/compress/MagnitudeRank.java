package dev.lockstep.ps.compress;

import dev.lockstep.ps.compress.Ranges.Range;
import dev.lockstep.ps.compress.Sparsifier.Cut;
import java.util.Arrays;

/**
 * Finds the k-th greatest of magnitudes without sorting them. Bits of non-negative float32 are
 * ordered as integers like their values, so the answer is found digit by digit, from the highest
 * one down: count how often each digit occurs among the elements that agree with the answer so far,
 * and see in which digit the k-th one falls. Three passes for digits of 11, 10 and 10 bits.
 */
final class MagnitudeRank {

  private static final int[] DIGIT_SHIFTS = {20, 10, 0};
  private static final int DIGITS = 1 << 11;

  private MagnitudeRank() {}

  /**
   * The cut that leaves the k greatest.
   *
   * @param k at least 1 where there are elements, and at most their number
   */
  static Cut greatest(int k, int[] magnitudes, Ranges ranges) {
    int prefix = 0;
    int wanted = k;
    int above = 31;
    int[] counts = new int[DIGITS];
    for (int shift : DIGIT_SHIFTS) {
      Arrays.fill(counts, 0);
      int mask = (1 << (above - shift)) - 1;
      for (Range range : ranges.ranges()) {
        for (int i = range.from(); i < range.to(); i++) {
          int magnitude = magnitudes[i];
          if (magnitude >>> above == prefix) {
            counts[(magnitude >>> shift) & mask]++;
          }
        }
      }
      int digit = mask;
      while (digit > 0 && counts[digit] < wanted) {
        wanted -= counts[digit];
        digit--;
      }
      prefix = (prefix << (above - shift)) | digit;
      above = shift;
    }
    return new Cut(prefix, wanted);
  }
}
