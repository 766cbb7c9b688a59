package dev.lockstep.ps.optim.kernel;

/**
 * DL4J's form: m and v as in {@link AdamKernel}, {@code u = rate * (b1 * m + c1 * ĝ) / correction /
 * (sqrt(v) + floor)}. State: m, v.
 *
 * @param rate learning rate
 * @param correction bias correction of m
 * @param floor ε
 */
public record Dl4jNadamKernel(Betas betas, float rate, float correction, float floor)
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
    float step = rate;
    float bias = correction;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float part = gradient * c1;
      float mean = b1 * m[i] + part;
      float square = b2 * v[i] + gradient * gradient * c2;
      m[i] = mean;
      v[i] = square;
      float update =
          step * ((mean * b1 + part) / bias) / ((float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
