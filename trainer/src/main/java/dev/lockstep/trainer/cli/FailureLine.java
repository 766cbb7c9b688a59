package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.SparkException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A failure as the one line that people see. */
final class FailureLine {

  private FailureLine() {}

  /** Old spellings of options, each with the one that took its place. */
  private static final Map<String, String> RENAMED =
      Map.of(
          "--compress", "--gradient-compression",
          "--compression", "--shard-compression",
          "--push-split", "--overlap-depth",
          "--launch-timeout", "--start-timeout",
          "--split", "--holdout",
          "--window", "--sequence-window",
          "--standardise", "--standardize",
          "--colour", "--color");

  static String of(Throwable failure) {
    return AddressSecrets.redacted(line(failure));
  }

  /** With its causes, for people who look for the reason in the code. */
  static String stackTrace(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return AddressSecrets.redacted(text.toString());
  }

  private static String line(Throwable failure) {
    if (failure instanceof UnmatchedArgumentException unmatched) {
      for (String argument : unmatched.getUnmatched()) {
        String option = argument.split("=", 2)[0];
        if (RENAMED.containsKey(option)) {
          return "option " + option + " is now " + RENAMED.get(option);
        }
      }
    }
    if (failure instanceof UnsupportedModelException refused) {
      return joined(String.join("; ", refused.problems()));
    }
    String message = failure.getMessage();
    if (message == null || message.isBlank()) {
      return failure.toString();
    }
    // Spark puts the stack trace of a failed task behind the first line.
    return failure instanceof SparkException
        ? message.lines().findFirst().orElse(message)
        : joined(message);
  }

  private static String joined(String message) {
    return message
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .collect(Collectors.joining(" "));
  }
}
