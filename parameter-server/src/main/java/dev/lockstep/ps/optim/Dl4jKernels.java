package dev.lockstep.ps.optim;

/**
 * The element loops of DL4J's optimizers. Each is a counted loop that indexes all its arrays alike,
 * with its scalars in local variables and without a branch on an element: so HotSpot's C2 compiles
 * it to vector instructions, with an offset between the arrays it would not.
 */
final class Dl4jKernels {

  /** Keeps 0 / 0 out of AdaMax, as ND4J does. */
  private static final float ADAMAX_FLOOR = 1e-32f;

  private static final UpdateKernel IDENTITY = (g, state, from, to) -> {};

  private Dl4jKernels() {}

  static UpdateKernel identity() {
    return IDENTITY;
  }

  static UpdateKernel sgd(float learningRate) {
    return (g, state, from, to) -> sgd(g, from, to, learningRate);
  }

  static UpdateKernel nesterovs(float learningRate, float momentum) {
    return (g, state, from, to) -> nesterovs(g, state[0], from, to, learningRate, momentum);
  }

  static UpdateKernel adam(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (g, state, from, to) ->
        adam(g, state[0], state[1], from, to, step, beta1, beta2, epsilon);
  }

  static UpdateKernel amsGrad(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (g, state, from, to) ->
        amsGrad(g, state[0], state[1], state[2], from, to, step, beta1, beta2, epsilon);
  }

  static UpdateKernel adaBelief(
      float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = adamStep(learningRate, beta1, beta2, epsilon, t);
    return (g, state, from, to) ->
        adaBelief(g, state[0], state[1], from, to, step, beta1, beta2, epsilon);
  }

  static UpdateKernel adaMax(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float step = orEpsilon((float) (learningRate / (1.0 - power(beta1, t))), epsilon);
    return (g, state, from, to) -> adaMax(g, state[0], state[1], from, to, step, beta1, beta2);
  }

  static UpdateKernel nadam(float learningRate, float beta1, float beta2, float epsilon, long t) {
    float correction = (float) (1.0 - power(beta1, t));
    return (g, state, from, to) ->
        nadam(g, state[0], state[1], from, to, learningRate, correction, beta1, beta2, epsilon);
  }

  static UpdateKernel adaGrad(float learningRate, float epsilon) {
    return (g, state, from, to) -> adaGrad(g, state[0], from, to, learningRate, epsilon);
  }

  static UpdateKernel rmsProp(float learningRate, float decay, float epsilon) {
    return (g, state, from, to) -> rmsProp(g, state[0], from, to, learningRate, decay, epsilon);
  }

  static UpdateKernel adaDelta(float rho, float epsilon) {
    return (g, state, from, to) -> adaDelta(g, state[0], state[1], from, to, rho, epsilon);
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

  private static void sgd(float[] g, int from, int to, float learningRate) {
    for (int i = from; i < to; i++) {
      g[i] *= learningRate;
    }
  }

  private static void nesterovs(
      float[] g, float[] v, int from, int to, float learningRate, float momentum) {
    float ahead = -momentum - 1;
    for (int i = from; i < to; i++) {
      float previous = momentum * v[i];
      float next = previous - learningRate * g[i];
      v[i] = next;
      g[i] = previous + ahead * next;
    }
  }

  private static void adam(
      float[] g,
      float[] m,
      float[] v,
      int from,
      int to,
      float step,
      float b1,
      float b2,
      float epsilon) {
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float mean = b1 * m[i] + g[i] * c1;
      float square = b2 * v[i] + g[i] * g[i] * c2;
      m[i] = mean;
      v[i] = square;
      g[i] = mean * step / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private static void amsGrad(
      float[] g,
      float[] m,
      float[] v,
      float[] h,
      int from,
      int to,
      float step,
      float b1,
      float b2,
      float epsilon) {
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float mean = b1 * m[i] + g[i] * c1;
      float square = b2 * v[i] + g[i] * g[i] * c2;
      float most = Math.max(h[i], square);
      m[i] = mean;
      v[i] = square;
      h[i] = most;
      g[i] = step * mean / ((float) Math.sqrt(most) + epsilon);
    }
  }

  private static void adaBelief(
      float[] g,
      float[] m,
      float[] s,
      int from,
      int to,
      float step,
      float b1,
      float b2,
      float epsilon) {
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float mean = b1 * m[i] + g[i] * c1;
      float surprise = g[i] - mean;
      float square = b2 * s[i] + surprise * surprise * c2 + epsilon;
      m[i] = mean;
      s[i] = square;
      g[i] = mean * step / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private static void adaMax(
      float[] g, float[] m, float[] w, int from, int to, float step, float b1, float b2) {
    float c1 = 1 - b1;
    for (int i = from; i < to; i++) {
      float mean = b1 * m[i] + g[i] * c1;
      float most = Math.max(b2 * w[i], Math.abs(g[i])) + ADAMAX_FLOOR;
      m[i] = mean;
      w[i] = most;
      g[i] = mean * step / most;
    }
  }

  private static void nadam(
      float[] g,
      float[] m,
      float[] v,
      int from,
      int to,
      float learningRate,
      float correction,
      float b1,
      float b2,
      float epsilon) {
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = from; i < to; i++) {
      float part = g[i] * c1;
      float mean = b1 * m[i] + part;
      float square = b2 * v[i] + g[i] * g[i] * c2;
      m[i] = mean;
      v[i] = square;
      g[i] =
          learningRate * ((mean * b1 + part) / correction) / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private static void adaGrad(
      float[] g, float[] h, int from, int to, float learningRate, float epsilon) {
    for (int i = from; i < to; i++) {
      float sum = h[i] + g[i] * g[i];
      h[i] = sum;
      g[i] = learningRate * g[i] / ((float) Math.sqrt(sum) + epsilon);
    }
  }

  private static void rmsProp(
      float[] g, float[] s, int from, int to, float learningRate, float decay, float epsilon) {
    float rest = 1 - decay;
    for (int i = from; i < to; i++) {
      float square = s[i] * decay + g[i] * g[i] * rest;
      s[i] = square;
      g[i] = learningRate * g[i] / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private static void adaDelta(
      float[] g, float[] s, float[] d, int from, int to, float rho, float epsilon) {
    float rest = 1 - rho;
    for (int i = from; i < to; i++) {
      float square = rho * s[i] + g[i] * g[i] * rest;
      float update =
          g[i] * ((float) Math.sqrt(d[i] + epsilon) / (float) Math.sqrt(square + epsilon));
      s[i] = square;
      d[i] = rho * d[i] + update * update * rest;
      g[i] = update;
    }
  }
}
