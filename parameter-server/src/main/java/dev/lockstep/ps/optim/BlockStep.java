package dev.lockstep.ps.optim;

/**
 * What is done to one block in one step, all scalars computed: what {@link ShardOptimizer} runs
 * tile by tile.
 *
 * @param terms around the optimizer's formula
 * @param limit of clipping; infinite for none
 * @param l1 coefficient; 0 for none
 */
record BlockStep(UpdateTerms terms, float limit, float l1) {

  /** Scales any float32 but 0 to beyond [-1, 1], in two steps since one factor would overflow. */
  static final float HUGE = 0x1p100f;

  /** Subtracts the update of an element-wise optimizer from {@code theta[from, to)}. */
  void update(UpdateKernel kernel, float[] theta, float[] g, float[][] state, int from, int to) {
    kernel.apply(theta, g, state, from, to, prepare(theta, g, from, to));
  }

  /** Turns G in {@code [from, to)} into the direction of a layer-wise optimizer. */
  void direct(LayerwiseKernel kernel, float[] theta, float[] g, float[][] state, int from, int to) {
    kernel.direct(theta, g, state, from, to, prepare(theta, g, from, to));
  }

  /**
   * What optimizers' loops do not do themselves, being seldom wanted: an extra loop over a tile.
   *
   * @return the terms that are left
   */
  private UpdateTerms prepare(float[] theta, float[] g, int from, int to) {
    if (limit == Float.POSITIVE_INFINITY && l1 == 0f) {
      return terms;
    }
    prepare(theta, g, from, to, terms.divisor(), terms.factor(), limit, l1);
    return terms.prepared();
  }

  /** The sign is had by clamping, 30 times as fast as Math.signum, which is not vectorised. */
  private static void prepare(
      float[] theta,
      float[] g,
      int from,
      int to,
      float divisor,
      float factor,
      float limit,
      float l1) {
    for (int i = from; i < to; i++) {
      float clamped = Math.max(-limit, Math.min(limit, g[i] / divisor * factor));
      g[i] = clamped + l1 * Math.max(-1f, Math.min(1f, theta[i] * HUGE * HUGE));
    }
  }
}
