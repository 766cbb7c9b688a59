package dev.lockstep.ps.optim;

/** The element loops of DL4J's optimizers. */
final class Dl4jKernels {

  /** Keeps 0 / 0 out of AdaMax, as ND4J does. */
  private static final float ADAMAX_FLOOR = 1e-32f;

  private Dl4jKernels() {}

  static UpdateKernel nesterovs(float learningRate, float momentum) {
    return (theta, g, state, from, to, terms) ->
        nesterovs(theta, g, state[0], from, to, terms, learningRate, momentum);
  }

  static UpdateKernel adam(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (theta, g, state, from, to, terms) ->
        adam(theta, g, state[0], state[1], from, to, terms, step, beta1, beta2, epsilon);
  }

  static UpdateKernel amsGrad(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (theta, g, s, from, to, terms) -> {
      Moments.step(theta, g, s[0], s[1], from, to, terms, beta1, 1 - beta1, beta2, 1 - beta2);
      Moments.updateByMost(theta, g, s[0], s[1], s[2], from, to, terms.decay(), step, 1f, epsilon);
    };
  }

  static UpdateKernel adaBelief(
      float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (theta, g, state, from, to, terms) -> {
      belief(theta, g, state[0], state[1], from, to, terms, beta1, beta2, epsilon);
      byBelief(theta, g, state[0], state[1], from, to, terms.decay(), step, epsilon);
    };
  }

  static UpdateKernel adaMax(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = orEpsilon((float) (learningRate / (1.0 - power(beta1, t))), epsilon);
    return (theta, g, state, from, to, terms) ->
        adaMax(theta, g, state[0], state[1], from, to, terms, step, beta1, beta2);
  }

  static UpdateKernel nadam(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float correction = (float) (1.0 - power(beta1, t));
    return (theta, g, state, from, to, terms) ->
        nadam(
            theta,
            g,
            state[0],
            state[1],
            from,
            to,
            terms,
            learningRate,
            correction,
            beta1,
            beta2,
            epsilon);
  }

  static UpdateKernel adaGrad(float learningRate, float epsilon) {
    return (theta, g, state, from, to, terms) ->
        adaGrad(theta, g, state[0], from, to, terms, learningRate, epsilon);
  }

  static UpdateKernel rmsProp(float learningRate, float decay, float epsilon) {
    return (theta, g, state, from, to, terms) ->
        rmsProp(theta, g, state[0], from, to, terms, learningRate, decay, epsilon);
  }

  /**
   * Adam's bias-corrected learning rate. Powers are rounded to float32 before 1 - b^t, as ND4J's
   * native code has it: for b2 = 0.999 that moves the first steps by some 1e-5, which parity needs.
   * And as there, a rate that is 0 or not finite is replaced by epsilon.
   */
  private static float adamStep(float learningRate, float b1, float b2, float epsilon, long t) {
    float corrected = learningRate * (float) StrictMath.sqrt((float) (1.0 - power(b2, t)));
    return orEpsilon((float) (corrected / (1.0 - power(b1, t))), epsilon);
  }

  private static float power(float base, long t) {
    return (float) StrictMath.pow(base, (double) t);
  }

  private static float orEpsilon(float step, float epsilon) {
    return step == 0 || !Float.isFinite(step) ? epsilon : step;
  }

  private static void nesterovs(
      float[] theta,
      float[] g,
      float[] v,
      int from,
      int to,
      UpdateTerms terms,
      float learningRate,
      float momentum) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float ahead = -momentum - 1;
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float previous = momentum * v[i];
      float next = previous - learningRate * gradient;
      v[i] = next;
      float update = previous + ahead * next + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  private static void adam(
      float[] theta,
      float[] g,
      float[] m,
      float[] v,
      int from,
      int to,
      UpdateTerms terms,
      float step,
      float b1,
      float b2,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + gradient * c1;
      float square = b2 * v[i] + gradient * gradient * c2;
      m[i] = mean;
      v[i] = square;
      float update = mean * step / ((float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  /** The first of AdaBelief's two loops; C2 makes no vector code of a single one. */
  private static void belief(
      float[] theta,
      float[] g,
      float[] m,
      float[] s,
      int from,
      int to,
      UpdateTerms terms,
      float b1,
      float b2,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      float mean = b1 * m[i] + gradient * c1;
      float surprise = gradient - mean;
      m[i] = mean;
      s[i] = b2 * s[i] + surprise * surprise * c2 + epsilon;
    }
  }

  private static void byBelief(
      float[] theta,
      float[] g,
      float[] m,
      float[] s,
      int from,
      int to,
      float decay,
      float step,
      float epsilon) {
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float update = m[i] * step / ((float) Math.sqrt(s[i]) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  private static void adaMax(
      float[] theta,
      float[] g,
      float[] m,
      float[] w,
      int from,
      int to,
      UpdateTerms terms,
      float step,
      float b1,
      float b2) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float c1 = 1 - b1;
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + gradient * c1;
      float most = Math.max(b2 * w[i], Math.abs(gradient)) + ADAMAX_FLOOR;
      m[i] = mean;
      w[i] = most;
      float update = mean * step / most + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  private static void nadam(
      float[] theta,
      float[] g,
      float[] m,
      float[] v,
      int from,
      int to,
      UpdateTerms terms,
      float learningRate,
      float correction,
      float b1,
      float b2,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float part = gradient * c1;
      float mean = b1 * m[i] + part;
      float square = b2 * v[i] + gradient * gradient * c2;
      m[i] = mean;
      v[i] = square;
      float update =
          learningRate * ((mean * b1 + part) / correction) / ((float) Math.sqrt(square) + epsilon)
              + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  private static void adaGrad(
      float[] theta,
      float[] g,
      float[] h,
      int from,
      int to,
      UpdateTerms terms,
      float learningRate,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float sum = h[i] + gradient * gradient;
      h[i] = sum;
      float update = learningRate * gradient / ((float) Math.sqrt(sum) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }

  private static void rmsProp(
      float[] theta,
      float[] g,
      float[] s,
      int from,
      int to,
      UpdateTerms terms,
      float learningRate,
      float keep,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    float rest = 1 - keep;
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float square = s[i] * keep + gradient * gradient * rest;
      s[i] = square;
      float update = learningRate * gradient / ((float) Math.sqrt(square) + epsilon) + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
