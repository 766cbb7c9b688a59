package dev.lockstep.trainer.config;

/** A training that could not be started or finished; the message is meant for the user. */
public class TrainingException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** A failure without a deeper cause. */
  public TrainingException(String message) {
    super(message);
  }

  /** A failure with its cause. */
  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
