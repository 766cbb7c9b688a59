package dev.lockstep.ps.optim;

/** {@code u = rate * g}: plain gradient descent; with rate 1, the identity. */
final class PlainKernel {

  private PlainKernel() {}

  static UpdateKernel of(float rate) {
    return (theta, g, state, from, to, terms) -> step(theta, g, from, to, terms, rate);
  }

  private static void step(
      float[] theta, float[] g, int from, int to, UpdateTerms terms, float rate) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float update = rate * gradient + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  /** The same of what is already in g, for optimizers whose step takes a loop before. */
  static void finish(float[] theta, float[] g, int from, int to, float decay, float rate) {
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float update = rate * g[i] + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
