package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.control.WorkerReport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes one clear line of what went wrong in several JVMs at about the same time. */
final class FailureText {

  private static final Pattern LOST_EXECUTOR =
      Pattern.compile("ExecutorLostFailure \\(executor (\\S+) [^)]*\\)(?: Reason: ([^\\n]*))?");

  /**
   * After a failed barrier stage the exception begins a line, after an ordinary one it ends one.
   */
  private static final Pattern TASK_EXCEPTION =
      Pattern.compile(
          "(?:finished unsuccessfully\\.\\n|Lost task [^\\n]*?\\(TID \\d+\\) \\([^)\\n]*\\): )([^\\n]+)");

  private static final Pattern EXCEPTION_CLASS =
      Pattern.compile("^(?:[\\w$]+\\.)+[\\w$]+(?:Exception|Error): ");

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
}
