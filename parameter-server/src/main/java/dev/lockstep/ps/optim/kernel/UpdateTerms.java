package dev.lockstep.ps.optim.kernel;

/**
 * What surrounds an optimizer's formula: {@code ĝ = G / divisor * factor + l2 * θ} goes in, and
 * {@code u + decay * θ} is subtracted from θ. A term that is off multiplies by 1 or adds 0, so that
 * loops need no cases.
 *
 * @param divisor n, or 1
 * @param factor of clipping; 1 for none
 * @param l2 weight decay that is part of the gradient; 0 for none
 * @param decay weight decay that is part of the update, rate included; 0 for none
 */
public record UpdateTerms(float divisor, float factor, float l2, float decay) {

  /** The same without division and factor, which have been applied. */
  public UpdateTerms withoutScaling() {
    return new UpdateTerms(1f, 1f, l2, decay);
  }
}
