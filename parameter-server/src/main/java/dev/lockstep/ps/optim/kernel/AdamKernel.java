package dev.lockstep.ps.optim.kernel;

/**
 * {@code m = b1 * m + c1 * ĝ}, {@code v = b2 * v + c2 * ĝ * ĝ}, {@code u = step * m / (scale *
 * sqrt(v) + floor)}. State: m, v.
 *
 * @param step learning rate over the bias correction of m
 * @param scale bias correction of sqrt(v)
 * @param floor ε
 */
public record AdamKernel(Betas betas, float step, float scale, float floor)
    implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] m = tile.state(0);
    float[] v = tile.state(1);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float b1 = betas.b1();
    float c1 = betas.c1();
    float b2 = betas.b2();
    float c2 = betas.c2();
    float rate = step;
    float rootScale = scale;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + c1 * gradient;
      float square = b2 * v[i] + c2 * gradient * gradient;
      m[i] = mean;
      v[i] = square;
      float update = rate * mean / (rootScale * (float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
