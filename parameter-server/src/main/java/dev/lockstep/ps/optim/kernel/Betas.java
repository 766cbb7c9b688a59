package dev.lockstep.ps.optim.kernel;

/**
 * The weights of two exponential moving averages.
 *
 * @param b1 of the old first moment
 * @param c1 of the gradient
 * @param b2 of the old second moment
 * @param c2 of the squared gradient
 */
public record Betas(float b1, float c1, float b2, float c2) {

  /** Rounded to float32 after 1 - beta, as PyTorch does. */
  public static Betas of(double beta1, double beta2) {
    return new Betas((float) beta1, (float) (1 - beta1), (float) beta2, (float) (1 - beta2));
  }

  /** Rounded to float32 before 1 - beta, as ND4J does. */
  public static Betas ofFloats(float beta1, float beta2) {
    return new Betas(beta1, 1 - beta1, beta2, 1 - beta2);
  }
}
