package dev.lockstep.ps.optim;

/**
 * One step of one block, all scalars computed: what {@link ShardOptimizer} runs tile by tile.
 *
 * @param divisor n, or 1
 * @param factor of clipping; 1 for none
 * @param limit of clipping; infinite for none
 * @param l1 coefficient; 0 for none
 * @param l2 coefficient; 0 for none
 * @param kernel the optimizer
 * @param decay weight decay coefficient, learning rate included; 0 for none
 */
record BlockStep(
    float divisor,
    float factor,
    float limit,
    float l1,
    float l2,
    UpdateKernel kernel,
    float decay) {

  /**
   * Updates {@code theta[at, at + length)}.
   *
   * @param g scratch of at least length
   */
  void apply(float[] theta, float[] gradientSum, float[][] state, int at, float[] g, int length) {
    divide(g, gradientSum, at, length, divisor);
    if (factor != 1f) {
      scale(g, length, factor);
    }
    if (limit != Float.POSITIVE_INFINITY) {
      clamp(g, length, limit);
    }
    if (l1 != 0f) {
      addSign(g, theta, at, length, l1);
    }
    if (l2 != 0f) {
      addScaled(g, theta, at, length, l2);
    }
    kernel.apply(g, length, state, at);
    if (decay != 0f) {
      addScaled(g, theta, at, length, decay);
    }
    subtract(theta, at, g, length);
  }

  private static void divide(float[] g, float[] sum, int at, int length, float divisor) {
    for (int i = 0; i < length; i++) {
      g[i] = sum[at + i] / divisor;
    }
  }

  private static void scale(float[] g, int length, float factor) {
    for (int i = 0; i < length; i++) {
      g[i] *= factor;
    }
  }

  private static void clamp(float[] g, int length, float limit) {
    for (int i = 0; i < length; i++) {
      g[i] = Math.max(-limit, Math.min(limit, g[i]));
    }
  }

  private static void addSign(float[] g, float[] theta, int at, int length, float coefficient) {
    for (int i = 0; i < length; i++) {
      g[i] += coefficient * Math.signum(theta[at + i]);
    }
  }

  private static void addScaled(float[] g, float[] theta, int at, int length, float coefficient) {
    for (int i = 0; i < length; i++) {
      g[i] += coefficient * theta[at + i];
    }
  }

  private static void subtract(float[] theta, int at, float[] u, int length) {
    for (int i = 0; i < length; i++) {
      theta[at + i] -= u[i];
    }
  }
}
