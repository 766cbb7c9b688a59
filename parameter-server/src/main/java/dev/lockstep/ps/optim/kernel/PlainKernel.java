package dev.lockstep.ps.optim.kernel;

/**
 * {@code u = rate * ĝ}: plain gradient descent; with rate 1, the identity.
 *
 * @param rate learning rate
 */
public record PlainKernel(float rate) implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float step = rate;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float update = step * gradient + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  /** The same of what is in g already, for optimizers whose step takes a loop before. */
  static void finish(Tile tile, float rate, float decay) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float update = rate * g[i] + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
