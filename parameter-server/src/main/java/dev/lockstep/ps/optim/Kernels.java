package dev.lockstep.ps.optim;

/**
 * The element loops of the optimizers. Each is a counted loop that indexes all its arrays alike,
 * with its scalars in local variables and without a branch on an element: so HotSpot's C2 compiles
 * it to vector instructions, with an offset between the arrays it would not.
 */
final class Kernels {

  private static final UpdateKernel IDENTITY = (g, state, from, to) -> {};

  private Kernels() {}

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

  /**
   * Adam's bias-corrected learning rate. Powers are rounded to float32 before 1 - b^t, as ND4J's
   * native code has it: for b2 = 0.999 that moves the first steps by some 1e-5, which parity needs.
   * And as there, a rate that is 0 or not finite is replaced by epsilon.
   */
  private static float adamStep(float learningRate, float b1, float b2, float epsilon, long t) {
    float b1t = (float) StrictMath.pow(b1, (double) t);
    float b2t = (float) StrictMath.pow(b2, (double) t);
    float corrected = learningRate * (float) StrictMath.sqrt((float) (1.0 - b2t));
    float step = (float) (corrected / (1.0 - b1t));
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
}
