package dev.lockstep.trainer.control;

import dev.lockstep.trainer.config.TrainingException;

/** An attempt failed in a way that another attempt may not. */
public final class AttemptFailedException extends TrainingException {

  private static final long serialVersionUID = 1L;

  public AttemptFailedException(String message) {
    super(message);
  }

  public AttemptFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
