package dev.lockstep.ps.optim.kernel;

/**
 * m and v as in {@link AdamKernel}, {@code h = max(h, v)}, {@code u = step * m / (scale * sqrt(h) +
 * floor)}. State: m, v, h. Two loops over the same tile: C2 makes no vector code of a single one,
 * which is eight times as slow.
 *
 * @param step learning rate, bias correction of m included
 * @param scale bias correction of sqrt(h)
 * @param floor ε
 */
public record AmsGradKernel(Betas betas, float step, float scale, float floor)
    implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    averageMoments(tile, terms);
    updateByMaximum(tile, terms.decay());
  }

  private void averageMoments(Tile tile, UpdateTerms terms) {
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
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      m[i] = b1 * m[i] + gradient * c1;
      v[i] = b2 * v[i] + gradient * gradient * c2;
    }
  }

  private void updateByMaximum(Tile tile, float decay) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] m = tile.state(0);
    float[] v = tile.state(1);
    float[] h = tile.state(2);
    float rate = step;
    float rootScale = scale;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float most = Math.max(h[i], v[i]);
      h[i] = most;
      float update = rate * m[i] / (rootScale * (float) Math.sqrt(most) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
