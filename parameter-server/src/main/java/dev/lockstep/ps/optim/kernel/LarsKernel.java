package dev.lockstep.ps.optim.kernel;

/**
 * Direction ĝ; {@code b = momentum * b + rate * trust * (ĝ + weightDecay * θ)}, {@code u = b}.
 * State: b.
 *
 * @param rate learning rate
 * @param momentum of b
 * @param weightDecay inside the momentum
 */
public record LarsKernel(float rate, float momentum, float weightDecay) implements LayerwiseKernel {

  @Override
  public void computeDirection(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      g[i] = g[i] / divisor * factor + l2 * theta[i];
    }
  }

  @Override
  public void applyTrust(Tile tile, float trust, float decay) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] b = tile.state(0);
    float step = rate * trust;
    float mu = momentum;
    float innerDecay = weightDecay;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float buffer = mu * b[i] + step * (g[i] + innerDecay * x);
      b[i] = buffer;
      float update = buffer + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
