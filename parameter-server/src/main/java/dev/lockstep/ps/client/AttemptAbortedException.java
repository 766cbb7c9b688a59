package dev.lockstep.ps.client;

/** The attempt is over: a peer was lost, a wait took too long, or someone gave up. */
public final class AttemptAbortedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The reason and, where there is one, what it came from. */
  public AttemptAbortedException(String message, Throwable cause) {
    super(message, cause);
  }
}
