package dev.lockstep.ps.optim.kernel;

/**
 * DL4J's form: {@code m = b1 * m + c1 * ĝ}, {@code w = max(b2 * w, |ĝ|) + 1e-32}, {@code u = m *
 * step / w}. State: m, w.
 *
 * @param step learning rate over the bias correction of m
 */
public record Dl4jAdaMaxKernel(Betas betas, float step) implements UpdateKernel {

  /** Avoids 0 / 0, as ND4J does. */
  private static final float FLOOR = 1e-32f;

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] m = tile.state(0);
    float[] w = tile.state(1);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float b1 = betas.b1();
    float c1 = betas.c1();
    float b2 = betas.b2();
    float rate = step;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + gradient * c1;
      float most = Math.max(b2 * w[i], Math.abs(gradient)) + FLOOR;
      m[i] = mean;
      w[i] = most;
      float update = mean * rate / most + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
