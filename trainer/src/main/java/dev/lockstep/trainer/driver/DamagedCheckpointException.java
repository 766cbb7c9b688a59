package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.WorkerReport;

/** An attempt ended because a file of the checkpoint that it started from is damaged. */
final class DamagedCheckpointException extends TrainingException {

  private static final long serialVersionUID = 1L;

  private final transient WorkerReport.DamagedCheckpoint found;

  DamagedCheckpointException(
      String message, Throwable cause, WorkerReport.DamagedCheckpoint found) {
    super(message, cause);
    this.found = found;
  }

  WorkerReport.DamagedCheckpoint found() {
    return found;
  }
}
