package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.control.WorkerResult;
import java.util.List;

/**
 * How an attempt ended, where the run may still be completed. An attempt that failed in a way that
 * would recur ends the run, by an exception.
 */
sealed interface AttemptOutcome {

  /**
   * All its steps were taken and all its reports arrived.
   *
   * @param results of its workers
   */
  record Completed(List<WorkerResult> results) implements AttemptOutcome {}

  /** A worker, an executor, a connection or a file was lost: another attempt may succeed. */
  record Failed(String reason, Throwable cause) implements AttemptOutcome {}

  /**
   * A worker found the checkpoint damaged that the attempt started from.
   *
   * @param step of the checkpoint
   */
  record DamagedCheckpoint(long step, String reason) implements AttemptOutcome {}

  /**
   * A gradient was NaN or infinite: another attempt would end in the same way.
   *
   * @param step steps of the run taken before
   */
  record NonFiniteGradient(long step, String reason, Throwable cause) implements AttemptOutcome {}
}
