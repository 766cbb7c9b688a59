package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.control.WorkerReport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/** Makes one clear line of what went wrong in several JVMs at about the same time. */
final class FailureText {

  private static final Pattern LOST_EXECUTOR =
      Pattern.compile("ExecutorLostFailure \\(executor (\\S+) [^)]*\\)(?: Reason: ([^\\n]*))?");

  /**
   * After a failed barrier stage the exception begins a line, after an ordinary one it ends one.
   */
  private static final Pattern TASK_EXCEPTION =
      Pattern.compile(
          "(?:finished unsuccessfully\\.\\n"
              + "|Lost task [^\\n"
              + "]*?\\(TID \\d+\\) \\([^)\\n"
              + "]*\\): )([^\\n"
              + "]+)");

  private static final Pattern EXCEPTION_CLASS =
      Pattern.compile("^(?:[\\w$]+\\.)+[\\w$]+(?:Exception|Error): ");

  private static final String NO_CHECKPOINT =
      "; there is no complete checkpoint yet: take them with --checkpoint-every";

  private FailureText() {}

  /**
   * What Spark says of a lost executor, and the first cause that a worker gave.
   *
   * @param started workers, by which executors get a host
   * @param failures in the order they arrived
   * @param spark what the stage failed with
   */
  static String of(
      Collection<WorkerReport.Started> started,
      List<WorkerReport.Failed> failures,
      Throwable spark) {
    String message = spark == null || spark.getMessage() == null ? "" : spark.getMessage();
    List<String> causes = new ArrayList<>();
    Matcher lost = LOST_EXECUTOR.matcher(message);
    if (lost.find()) {
      causes.add("lost " + nameOf(lost.group(1), started) + because(lost.group(2)));
    }
    if (!failures.isEmpty()) {
      WorkerReport.Failed first = failures.get(0);
      causes.add(
          "worker "
              + first.worker()
              + " (executor "
              + first.executor()
              + " on "
              + first.host()
              + "): "
              + first.reason());
    }
    if (causes.isEmpty()) {
      causes.add(message.isEmpty() ? String.valueOf(spark) : causeIn(message));
    }
    return "training failed: " + String.join("; ", causes);
  }

  /** The line in which Spark's long message quotes the exception of a task. */
  static String causeIn(String message) {
    Matcher quoted = TASK_EXCEPTION.matcher(message);
    String line = quoted.find() ? quoted.group(1) : message.lines().findFirst().orElse("");
    return EXCEPTION_CLASS.matcher(line.strip()).replaceFirst("");
  }

  private static String nameOf(String executor, Collection<WorkerReport.Started> started) {
    return started.stream()
        .filter(one -> one.executor().equals(executor))
        .findFirst()
        .map(one -> "executor " + executor + " (JVM " + one.jvm() + " on " + one.host() + ")")
        .orElse("executor " + executor);
  }

  private static String because(String reason) {
    return reason == null || reason.isBlank() ? "" : ": " + reason.strip();
  }

  /**
   * What to do about gradients that are not finite; follows the reason.
   *
   * @param checkpoints folder of the run's checkpoints
   */
  static String lastGood(Optional<CheckpointManifest> newest, Path checkpoints) {
    return newest
        .map(
            manifest ->
                "; the last good checkpoint is of step "
                    + manifest.step()
                    + " in "
                    + checkpoints
                    + ": start from it with --warm-start and a lower learning rate (--optimizer),"
                    + " or with --on-non-finite lower:0.5 or skip")
        .orElse(NO_CHECKPOINT);
  }

  /**
   * Why there is no further attempt, and how to resume; follows the reason.
   *
   * @param most attempts in a row without a new checkpoint
   * @param inVain such attempts so far
   */
  static String givenUp(int most, int inVain, Optional<CheckpointManifest> newest) {
    String attempts =
        most == 1
            ? ""
            : "; given up after " + inVain + " attempts in a row without a new checkpoint";
    return attempts
        + newest
            .map(
                manifest ->
                    "; the newest complete checkpoint is of step "
                        + manifest.step()
                        + ": repeat the command to resume from it")
            .orElse(NO_CHECKPOINT);
  }
}
