package dev.lockstep.ps.optim.kernel;

/**
 * {@code u = step * sign(b1 * m + c1 * ĝ)}, {@code m = b2 * m + c2 * ĝ}. State: m.
 *
 * @param step learning rate
 */
public record LionKernel(Betas betas, float step) implements UpdateKernel {

  /** Scales any float32 but 0 to beyond [-1, 1], in two steps since one factor would overflow. */
  public static final float HUGE = 0x1p100f;

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] m = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float b1 = betas.b1();
    float c1 = betas.c1();
    float b2 = betas.b2();
    float c2 = betas.c2();
    float rate = step;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + c1 * gradient;
      // The sign, by clamping a value scaled beyond [-1, 1]: Math.signum is not vectorized.
      float sign = Math.max(-1f, Math.min(1f, mean * HUGE * HUGE));
      m[i] = b2 * m[i] + c2 * gradient;
      float update = rate * sign + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
