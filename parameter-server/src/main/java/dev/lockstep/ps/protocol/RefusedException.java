package dev.lockstep.ps.protocol;

/** A message that does not fit the attempt, the step or the layout; it changed nothing. */
public final class RefusedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The reason, with the values that disagree. */
  public RefusedException(String message) {
    super(message);
  }
}
