package dev.lockstep.trainer.control;

import dev.lockstep.trainer.config.TrainingException;

/** A launch failed in a way that another one may mend. */
public final class AttemptFailedException extends TrainingException {

  private static final long serialVersionUID = 1L;

  public AttemptFailedException(String message) {
    super(message);
  }

  public AttemptFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
