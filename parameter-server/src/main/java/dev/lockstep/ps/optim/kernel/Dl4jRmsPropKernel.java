package dev.lockstep.ps.optim.kernel;

/**
 * DL4J's form: {@code s = keep * s + (1 - keep) * ĝ * ĝ}, {@code u = rate * ĝ / (sqrt(s) + floor)}.
 * State: s.
 *
 * @param rate learning rate
 * @param keep weight of the old s
 * @param floor ε
 */
public record Dl4jRmsPropKernel(float rate, float keep, float floor) implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] s = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float step = rate;
    float old = keep;
    float rest = 1 - keep;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float square = s[i] * old + gradient * gradient * rest;
      s[i] = square;
      float update = step * gradient / ((float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
