package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.config.TrainingException;

/** An attempt ended because the gradient of a step was not finite: another one would end so too. */
final class NonFiniteStepException extends TrainingException {

  private static final long serialVersionUID = 1L;

  private final long step;

  /**
   * Of a step.
   *
   * @param step steps of the run taken before it
   */
  NonFiniteStepException(String message, Throwable cause, long step) {
    super(message, cause);
    this.step = step;
  }

  /** Steps of the run taken before it. */
  long step() {
    return step;
  }
}
