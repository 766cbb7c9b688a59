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

  /** Scales any float32 but 0 to beyond [-1, 1], in two steps since one factor would overflow. */
  private static final float HUGE = 0x1p100f;

  /**
   * Updates {@code theta[from, to)}.
   *
   * @param g G in {@code [from, to)}; overwritten
   */
  void apply(float[] theta, float[] g, float[][] state, int from, int to) {
    if (divisor != 1f) {
      divide(g, from, to, divisor);
    }
    if (factor != 1f) {
      scale(g, from, to, factor);
    }
    if (limit != Float.POSITIVE_INFINITY) {
      clamp(g, from, to, limit);
    }
    if (l1 != 0f) {
      addSign(g, theta, from, to, l1);
    }
    if (l2 != 0f) {
      addScaled(g, theta, from, to, l2);
    }
    kernel.apply(g, state, from, to);
    if (decay != 0f) {
      addScaled(g, theta, from, to, decay);
    }
    subtract(theta, g, from, to);
  }

  private static void divide(float[] g, int from, int to, float divisor) {
    for (int i = from; i < to; i++) {
      g[i] /= divisor;
    }
  }

  private static void scale(float[] g, int from, int to, float factor) {
    for (int i = from; i < to; i++) {
      g[i] *= factor;
    }
  }

  private static void clamp(float[] g, int from, int to, float limit) {
    for (int i = from; i < to; i++) {
      g[i] = Math.max(-limit, Math.min(limit, g[i]));
    }
  }

  /** The sign is had by clamping, 30 times as fast as Math.signum, which is not vectorised. */
  private static void addSign(float[] g, float[] theta, int from, int to, float coefficient) {
    for (int i = from; i < to; i++) {
      g[i] += coefficient * Math.max(-1f, Math.min(1f, theta[i] * HUGE * HUGE));
    }
  }

  private static void addScaled(float[] g, float[] theta, int from, int to, float coefficient) {
    for (int i = from; i < to; i++) {
      g[i] += coefficient * theta[i];
    }
  }

  private static void subtract(float[] theta, float[] u, int from, int to) {
    for (int i = from; i < to; i++) {
      theta[i] -= u[i];
    }
  }
}
