package dev.lockstep.ps.clip;

/** How the sum over examples becomes the gradient ĝ that is clipped and applied. */
public enum Division {
  /** {@code ĝ = G / n}, n being the examples of the global batch. */
  BY_EXAMPLES,
  /** {@code ĝ = G}: DL4J's {@code miniBatch(false)}. */
  NONE;

  /**
   * What the sum is divided by.
   *
   * @param examples n, at least 1
   */
  public float divisor(long examples) {
    if (examples < 1) {
      throw new IllegalArgumentException(
          "examples=" + examples + " must be >= 1: a step without examples has no gradient");
    }
    return this == BY_EXAMPLES ? examples : 1f;
  }
}
