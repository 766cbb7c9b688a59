package dev.lockstep.ps.optim.kernel;

/**
 * {@code b = keep * b + add * ĝ}, {@code u = ofBuffer * b + ofGradient * ĝ}. State: b.
 *
 * @param keep momentum
 * @param add factor of the gradient in b
 * @param ofBuffer factor of b in the update, learning rate included
 * @param ofGradient factor of the gradient in the update, learning rate included
 */
public record MomentumKernel(float keep, float add, float ofBuffer, float ofGradient)
    implements UpdateKernel {

  @Override
  public void apply(Tile tile, UpdateTerms terms) {
    float[] theta = tile.theta();
    float[] g = tile.g();
    float[] b = tile.state(0);
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float momentum = keep;
    float weight = add;
    float bufferStep = ofBuffer;
    float gradientStep = ofGradient;
    int to = tile.to();
    for (int i = tile.from(); i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float buffer = momentum * b[i] + weight * gradient;
      b[i] = buffer;
      float update = bufferStep * buffer + gradientStep * gradient + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
