package dev.lockstep.ps.optim.kernel;

/**
 * {@code h = h + ĝ * ĝ}, {@code u = step * ĝ / (sqrt(h) + floor)}. State: h.
 *
 * @param step learning rate
 * @param floor ε
 */
public record AdaGradKernel(float step, float floor) implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] h = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float rate = step;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float sum = h[i] + gradient * gradient;
      h[i] = sum;
      float update = rate * gradient / ((float) Math.sqrt(sum) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
