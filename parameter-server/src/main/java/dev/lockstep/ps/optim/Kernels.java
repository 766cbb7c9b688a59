package dev.lockstep.ps.optim;

/**
 * The element loops of the optimizers. Each is a counted loop over float arrays with its scalars in
 * local variables, which HotSpot's C2 compiles to vector instructions; none branches on an element.
 */
final class Kernels {

  private static final UpdateKernel IDENTITY = (g, length, state, at) -> {};

  private Kernels() {}

  static UpdateKernel identity() {
    return IDENTITY;
  }

  static UpdateKernel sgd(float learningRate) {
    return (g, length, state, at) -> sgd(g, length, learningRate);
  }

  static UpdateKernel nesterovs(float learningRate, float momentum) {
    return (g, length, state, at) -> nesterovs(g, length, state[0], at, learningRate, momentum);
  }

  static UpdateKernel adam(double learningRate, double beta1, double beta2, float epsilon, long t) {
    float b1 = (float) beta1;
    float b2 = (float) beta2;
    float step = adamStep((float) learningRate, b1, b2, epsilon, t);
    return (g, length, state, at) -> adam(g, length, state[0], state[1], at, step, b1, b2, epsilon);
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

  private static void sgd(float[] g, int length, float learningRate) {
    for (int i = 0; i < length; i++) {
      g[i] *= learningRate;
    }
  }

  private static void nesterovs(
      float[] g, int length, float[] v, int at, float learningRate, float momentum) {
    float ahead = -momentum - 1;
    for (int i = 0; i < length; i++) {
      float previous = momentum * v[at + i];
      float next = previous - learningRate * g[i];
      v[at + i] = next;
      g[i] = previous + ahead * next;
    }
  }

  private static void adam(
      float[] g,
      int length,
      float[] m,
      float[] v,
      int at,
      float step,
      float b1,
      float b2,
      float epsilon) {
    float c1 = 1 - b1;
    float c2 = 1 - b2;
    for (int i = 0; i < length; i++) {
      float gradient = g[i];
      float mean = b1 * m[at + i] + gradient * c1;
      float square = b2 * v[at + i] + gradient * gradient * c2;
      m[at + i] = mean;
      v[at + i] = square;
      g[i] = mean * step / ((float) Math.sqrt(square) + epsilon);
    }
  }
}
