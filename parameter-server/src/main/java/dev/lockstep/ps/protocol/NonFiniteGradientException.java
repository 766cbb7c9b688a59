package dev.lockstep.ps.protocol;

/** A gradient was not finite, and the run is to stop then. */
public final class NonFiniteGradientException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;
  private final int virtualWorker;

  /** Names the first virtual worker that it comes from. */
  public NonFiniteGradientException(long step, int virtualWorker) {
    super(
        "step "
            + step
            + ": the gradient of virtual worker "
            + virtualWorker
            + " is not finite (it has a NaN, an infinity, or an element too large to be summed):"
            + " look for such values in the data, lower the learning rate, clip gradients, skip"
            + " such steps with --on-non-finite skip, or go back and go on at a lower rate with"
            + " --on-non-finite lower:0.5");
    this.step = step;
    this.virtualWorker = virtualWorker;
  }

  /** What the server counts before the step. */
  public long step() {
    return step;
  }

  /** The first virtual worker that it comes from. */
  public int virtualWorker() {
    return virtualWorker;
  }
}
