package dev.lockstep.ps.reduce;

import java.io.Serializable;
import java.util.Objects;

/**
 * What happens to the gradient sums of a run on their way up the pairwise tree: every leaf is
 * scaled by a power of two and rounded, every join is rounded, and the root is scaled back. Scaling
 * keeps sums over a step's examples inside the range of binary16; it is exact both ways, because
 * all values of 16 bits and their powers of two up to 2^31 are normal float32 values or zero.
 *
 * <p>Fixed for a run; crosses from driver to executors. Workers and servers do the same, so it does
 * not matter who joins. Stateless; never blocks.
 *
 * @param format of every node's values
 * @param exponent leaves are multiplied by 2^-exponent; 0 to 31, and 0 but for binary16
 */
public record Rounding(WireFormat format, int exponent) implements Serializable {

  /** Sums as they are computed, in float32. */
  public static final Rounding NONE = new Rounding(WireFormat.FLOAT32, 0);

  /** Sums in bfloat16, whose range is that of float32. */
  public static final Rounding BFLOAT16 = new Rounding(WireFormat.BFLOAT16, 0);

  /** Checks the scale. */
  public Rounding {
    Objects.requireNonNull(format, "format");
    if (exponent < 0 || exponent > 31 || (exponent > 0 && format != WireFormat.FLOAT16)) {
      throw new IllegalArgumentException(
          "exponent="
              + exponent
              + " with format="
              + format
              + ": only FLOAT16 is scaled, by 0 to 31");
    }
  }

  /**
   * Sums in binary16 of gradients that are about as large as a mean over the examples of a step.
   *
   * @param examplesPerStep the most examples that a step sums over, at least 1
   */
  public static Rounding float16(long examplesPerStep) {
    if (examplesPerStep < 1) {
      throw new IllegalArgumentException("examplesPerStep=" + examplesPerStep + " must be >= 1");
    }
    int exponent = Long.SIZE - Long.numberOfLeadingZeros(examplesPerStep - 1);
    return new Rounding(WireFormat.FLOAT16, Math.min(31, exponent));
  }

  /** Makes a leaf of a gradient sum, in place. */
  public void leaf(float[] gradient) {
    if (exponent > 0) {
      float scale = Math.scalb(1f, -exponent);
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] *= scale;
      }
    }
    format.round(gradient, 0, gradient.length);
  }

  /**
   * Joins two nodes: {@code sum[at + i] += addend[addendAt + i]}, rounded.
   *
   * @param length how many elements
   */
  public void join(float[] sum, int at, float[] addend, int addendAt, int length) {
    if (at == addendAt) {
      addAlike(sum, addend, at, at + length);
    } else {
      for (int i = 0; i < length; i++) {
        sum[at + i] += addend[addendAt + i];
      }
    }
    format.round(sum, at, at + length);
  }

  /** With one index for both arrays, so that C2 makes vector code of it. */
  private static void addAlike(float[] sum, float[] addend, int from, int to) {
    for (int i = from; i < to; i++) {
      sum[i] += addend[i];
    }
  }

  /** Makes the sum of gradients of the root, in place. */
  public void root(float[] sum, int from, int to) {
    if (exponent > 0) {
      float scale = Math.scalb(1f, exponent);
      for (int i = from; i < to; i++) {
        sum[i] *= scale;
      }
    }
  }
}
