package dev.lockstep.ps.optim.kernel;

/**
 * m and v as in {@link AdamKernel}, direction {@code r = meanScale * m / (rootScale * sqrt(v) +
 * floor) + weightDecay * θ}, {@code u = rate * trust * r}. State: m, v.
 *
 * @param rate learning rate
 * @param meanScale bias correction of m
 * @param rootScale bias correction of sqrt(v)
 * @param floor ε
 * @param weightDecay inside the direction
 */
public record LambKernel(
    Betas betas, float rate, float meanScale, float rootScale, float floor, float weightDecay)
    implements LayerwiseKernel {

  @Override
  public void computeDirection(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] m = tile.state(0);
    float[] v = tile.state(1);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float b1 = betas.b1();
    float c1 = betas.c1();
    float b2 = betas.b2();
    float c2 = betas.c2();
    float correction = meanScale;
    float rootCorrection = rootScale;
    float epsilon = floor;
    float decay = weightDecay;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + c1 * gradient;
      float square = b2 * v[i] + c2 * gradient * gradient;
      m[i] = mean;
      v[i] = square;
      float root = rootCorrection * (float) Math.sqrt(square) + epsilon;
      g[i] = correction * mean / root + decay * x;
    }
  }

  @Override
  public void applyTrust(Tile tile, float trust, float decay) {
    PlainKernel.finish(tile, rate * trust, decay);
  }
}
