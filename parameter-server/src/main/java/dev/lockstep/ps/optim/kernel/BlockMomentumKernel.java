package dev.lockstep.ps.optim.kernel;

/**
 * {@code d = momentum * d + rate * ĝ}, {@code u = d}. State: d.
 *
 * @param rate block learning rate ζ
 * @param momentum block momentum η
 */
public record BlockMomentumKernel(float rate, float momentum) implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] d = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float zeta = rate;
    float eta = momentum;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float next = eta * d[i] + zeta * gradient;
      d[i] = next;
      float update = next + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
