package dev.lockstep.ps.optim;

/**
 * AdaDelta's two loops over the same tile, PyTorch's and DL4J's alike. In a single one C2 makes
 * vector code at first, but none once it has inlined the loop into the one over tiles, some hundred
 * steps later: six times as slow.
 */
final class AdaDeltaKernel {

  private AdaDeltaKernel() {}

  static UpdateKernel of(float rate, float keep, float add, float epsilon) {
    return (theta, g, state, from, to, terms) -> {
      square(theta, g, state[0], from, to, terms, keep, add);
      change(theta, g, state[0], state[1], from, to, terms.decay(), rate, keep, add, epsilon);
    };
  }

  /** {@code s = keep * s + add * ĝ * ĝ}; G becomes ĝ. */
  private static void square(
      float[] theta,
      float[] g,
      float[] s,
      int from,
      int to,
      UpdateTerms terms,
      float keep,
      float add) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    for (int i = from; i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      s[i] = keep * s[i] + gradient * gradient * add;
      g[i] = gradient;
    }
  }

  /** {@code d = ĝ * sqrt(a + epsilon) / sqrt(s + epsilon)}, {@code u = rate * d}. */
  private static void change(
      float[] theta,
      float[] g,
      float[] s,
      float[] a,
      int from,
      int to,
      float decay,
      float rate,
      float keep,
      float add,
      float epsilon) {
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float root = (float) Math.sqrt(a[i] + epsilon) / (float) Math.sqrt(s[i] + epsilon);
      float change = g[i] * root;
      a[i] = keep * a[i] + change * change * add;
      float update = rate * change + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
