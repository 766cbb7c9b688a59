package dev.lockstep.trainer.spark;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes one clear line of what went wrong in several JVMs at about the same time. */
final class FailureText {

  private static final Pattern LOST_EXECUTOR =
      Pattern.compile("ExecutorLostFailure \\(([^)]*)\\)(?: Reason: ([^\\n]*))?");

  private FailureText() {}

  /**
   * The first cause that a worker gave, and what Spark says of lost executors.
   *
   * @param failures in the order they arrived
   * @param spark what the stage failed with
   */
  static String of(List<WorkerReport.Failed> failures, Throwable spark) {
    String message = spark == null || spark.getMessage() == null ? "" : spark.getMessage();
    StringBuilder text = new StringBuilder("training failed");
    Matcher lost = LOST_EXECUTOR.matcher(message);
    if (lost.find()) {
      text.append(": lost ").append(lost.group(1));
    }
    if (!failures.isEmpty()) {
      WorkerReport.Failed first = failures.get(0);
      text.append(": worker ")
          .append(first.worker())
          .append(" (JVM ")
          .append(first.jvm())
          .append(" on ")
          .append(first.host())
          .append("): ")
          .append(first.reason());
    } else if (text.indexOf(": lost") < 0) {
      text.append(": ").append(message.lines().findFirst().orElse(String.valueOf(spark)));
    }
    return text.toString();
  }
}
