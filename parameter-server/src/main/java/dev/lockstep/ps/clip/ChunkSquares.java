package dev.lockstep.ps.clip;

import java.util.Arrays;

/** Squares summed in the order that {@link NormPlan} fixes. */
final class ChunkSquares {

  private ChunkSquares() {}

  /** Sum over 8 lanes of {@code (values[at + i] / divisor)^2}; scratch holds a chunk. */
  static double sum(float[] values, int at, int length, float divisor, float[] scratch) {
    // Copied first: C2 turns a loop into vector code only where all arrays have the same index.
    System.arraycopy(values, at, scratch, 0, length);
    for (int i = 0; i < length; i++) {
      scratch[i] /= divisor;
    }
    // Padding with zeros leaves every lane's sum as it is.
    int padded = (length + 7) & ~7;
    Arrays.fill(scratch, length, padded, 0f);
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    for (int i = 0; i < padded; i += 8) {
      double x0 = scratch[i];
      double x1 = scratch[i + 1];
      double x2 = scratch[i + 2];
      double x3 = scratch[i + 3];
      double x4 = scratch[i + 4];
      double x5 = scratch[i + 5];
      double x6 = scratch[i + 6];
      double x7 = scratch[i + 7];
      s0 += x0 * x0;
      s1 += x1 * x1;
      s2 += x2 * x2;
      s3 += x3 * x3;
      s4 += x4 * x4;
      s5 += x5 * x5;
      s6 += x6 * x6;
      s7 += x7 * x7;
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }
}
