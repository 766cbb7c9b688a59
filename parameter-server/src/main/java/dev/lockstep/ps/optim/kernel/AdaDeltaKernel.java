package dev.lockstep.ps.optim.kernel;

/**
 * {@code s = keep * s + add * ĝ * ĝ}, {@code d = ĝ * sqrt(a + floor) / sqrt(s + floor)}, {@code a =
 * keep * a + add * d * d}, {@code u = rate * d}. State: s, a.
 *
 * <p>Two loops over the same tile. Of a single one C2 makes vector code at first, but none once it
 * has inlined the loop into the one over tiles, some hundred steps later: six times as slow.
 *
 * @param rate learning rate
 * @param keep weight of the old averages
 * @param add weight of the new squares
 * @param floor ε
 */
public record AdaDeltaKernel(float rate, float keep, float add, float floor)
    implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    averageSquares(tile, terms);
    update(tile, terms.decay());
  }

  /** G becomes ĝ. */
  private void averageSquares(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] s = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float old = keep;
    float weight = add;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      s[i] = old * s[i] + gradient * gradient * weight;
      g[i] = gradient;
    }
  }

  private void update(Tile tile, float decay) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] s = tile.state(0);
    float[] a = tile.state(1);
    float step = rate;
    float old = keep;
    float weight = add;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float root = (float) Math.sqrt(a[i] + epsilon) / (float) Math.sqrt(s[i] + epsilon);
      float change = g[i] * root;
      a[i] = old * a[i] + change * change * weight;
      float update = step * change + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
