package dev.lockstep.ps.optim.kernel;

/**
 * DL4J's form: {@code v' = momentum * v - rate * ĝ}, {@code u = momentum * v - (1 + momentum) *
 * v'}. State: v.
 *
 * @param rate learning rate
 * @param momentum mu
 */
public record NesterovsKernel(float rate, float momentum) implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] v = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float step = rate;
    float mu = momentum;
    float ahead = -momentum - 1;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float previous = mu * v[i];
      float next = previous - step * gradient;
      v[i] = next;
      float update = previous + ahead * next + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
