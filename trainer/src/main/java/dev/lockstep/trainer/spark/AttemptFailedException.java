package dev.lockstep.trainer.spark;

/** A launch failed in a way that another one may mend. */
final class AttemptFailedException extends TrainingException {

  private static final long serialVersionUID = 1L;

  AttemptFailedException(String message) {
    super(message);
  }

  AttemptFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
