package dev.lockstep.ps.optim;

/**
 * The two loops of AMSGrad, over the same tile: C2 makes no vector code of a single one, which is
 * eight times as slow.
 */
final class Moments {

  private Moments() {}

  /** {@code m = b1 * m + c1 * ĝ}, {@code v = b2 * v + c2 * ĝ * ĝ}. */
  static void step(
      float[] theta,
      float[] g,
      float[] m,
      float[] v,
      int from,
      int to,
      UpdateTerms terms,
      float b1,
      float c1,
      float b2,
      float c2) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    for (int i = from; i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      m[i] = b1 * m[i] + gradient * c1;
      v[i] = b2 * v[i] + gradient * gradient * c2;
    }
  }

  /** {@code h = max(h, v)}, {@code u = step * m / (scale * sqrt(h) + floor)}. */
  static void updateByMost(
      float[] theta,
      float[] g,
      float[] m,
      float[] v,
      float[] h,
      int from,
      int to,
      float decay,
      float step,
      float scale,
      float floor) {
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float most = Math.max(h[i], v[i]);
      h[i] = most;
      float update = step * m[i] / (scale * (float) Math.sqrt(most) + floor) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
