package dev.lockstep.ps.optim.kernel;

/**
 * {@code m = b1 * m + c1 * ĝ}, {@code w = max(b2 * w, |ĝ| + floor)}, {@code u = step * m / w}.
 * State: m, w.
 *
 * @param step learning rate over the bias correction of m
 * @param floor ε
 */
public record AdaMaxKernel(Betas betas, float step, float floor) implements UpdateKernel {

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
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + c1 * gradient;
      float most = Math.max(b2 * w[i], Math.abs(gradient) + epsilon);
      m[i] = mean;
      w[i] = most;
      float update = rate * mean / most + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
