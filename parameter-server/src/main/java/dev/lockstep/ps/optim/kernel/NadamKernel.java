package dev.lockstep.ps.optim.kernel;

/**
 * m and v as in {@link AdamKernel}, {@code u = (ofGradient * ĝ + ofMean * m) / (scale * sqrt(v) +
 * floor)}. State: m, v.
 *
 * @param ofGradient factor of the gradient, learning rate included
 * @param ofMean factor of m, learning rate included
 * @param scale bias correction of sqrt(v)
 * @param floor ε
 */
public record NadamKernel(Betas betas, float ofGradient, float ofMean, float scale, float floor)
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
    float gradientStep = ofGradient;
    float meanStep = ofMean;
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
      float ahead = gradientStep * gradient + meanStep * mean;
      float update = ahead / (rootScale * (float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
