package dev.lockstep.ps.optim.kernel;

/**
 * {@code s = keep * s + add * ĝ * ĝ}, {@code d = ĝ / (sqrt(s) + floor)}; centered, {@code a = keep
 * * a + add * ĝ} and {@code s - a * a} is under the root (not below 0, where float32 would round it
 * to). Then {@code u = rate * d}, or with momentum {@code b = momentum * b + d}, {@code u = rate *
 * b}. State: s; then a if centered; then b if momentum is above 0.
 *
 * @param rate learning rate
 * @param keep weight of the old averages
 * @param add weight of the new values
 * @param floor ε
 * @param momentum 0 for none
 * @param isCentered whether the mean is subtracted
 */
public record RmsPropKernel(
    float rate, float keep, float add, float floor, float momentum, boolean isCentered)
    implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    if (isCentered) {
      divideByDeviation(tile, terms);
    } else {
      divideByRoot(tile, terms);
    }
    if (momentum > 0) {
      updateByMomentum(tile, terms.decay());
    } else {
      PlainKernel.finish(tile, rate, terms.decay());
    }
  }

  private void divideByRoot(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] s = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float old = keep;
    float weight = add;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      float square = old * s[i] + weight * gradient * gradient;
      s[i] = square;
      g[i] = gradient / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private void divideByDeviation(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] s = tile.state(0);
    float[] a = tile.state(1);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float old = keep;
    float weight = add;
    float epsilon = floor;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      float square = old * s[i] + weight * gradient * gradient;
      float mean = old * a[i] + weight * gradient;
      s[i] = square;
      a[i] = mean;
      g[i] = gradient / ((float) Math.sqrt(Math.max(0f, square - mean * mean)) + epsilon);
    }
  }

  private void updateByMomentum(Tile tile, float decay) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] b = tile.state(isCentered ? 2 : 1);
    float step = rate;
    float mu = momentum;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float buffer = mu * b[i] + g[i];
      b[i] = buffer;
      float update = step * buffer + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
