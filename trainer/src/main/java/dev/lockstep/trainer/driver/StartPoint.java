package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import java.util.Locale;
import java.util.Optional;

/**
 * Where a command starts a run. Lives on the driver.
 *
 * @param run id of the run
 * @param status of the run
 * @param plan of the run
 * @param from its newest complete checkpoint; empty where there is none
 * @param endedEarly why it has ended before its last epoch; empty if it has not
 * @param replaced id of the run whose parameters a warm start takes; null otherwise
 */
record StartPoint(
    String run,
    RunStatus status,
    RunPlan plan,
    Optional<CheckpointManifest> from,
    Optional<String> endedEarly,
    String replaced) {

  /** What a command makes of the run in the output folder. */
  enum RunStatus {
    /** A new run: no attempt of it has been claimed. */
    NEW,
    /** A new run that starts from the parameters of the one in the folder. */
    WARM_START,
    /** The run in the folder is resumed. */
    RESUMED
  }

  boolean isNew() {
    return status == RunStatus.NEW;
  }

  /** Steps taken. */
  long step() {
    return from.map(manifest -> manifest.step()).orElse(0L);
  }

  /** Whether no step is left to take. */
  boolean isComplete() {
    return step() == plan.lastStep() || endedEarly.isPresent();
  }

  /**
   * A line for people; empty for a new run.
   *
   * @param steps of the run when it is complete
   */
  String describe(long steps) {
    return switch (status) {
      case NEW -> "";
      case WARM_START ->
          String.format(
              Locale.ROOT, "%s starts from the parameters %s%n", run, plan.origin().text());
      case RESUMED ->
          isComplete()
              ? String.format(
                  Locale.ROOT,
                  "%s is complete: %,d steps%s%n",
                  run,
                  step(),
                  endedEarly.map(reason -> ": " + reason).orElse(""))
              : String.format(
                  Locale.ROOT,
                  "%s resumes after step %,d of %,d%s%n",
                  run,
                  step(),
                  steps,
                  from.isPresent() ? "" : " (it had no complete checkpoint)");
    };
  }
}
