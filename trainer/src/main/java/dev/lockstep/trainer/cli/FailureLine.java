package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.trainer.cli.options.RenamedOptions;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.SparkException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A failure as the one line that people see. */
final class FailureLine {

  private FailureLine() {}

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
      Optional<String> renamed = RenamedOptions.remedy(unmatched);
      if (renamed.isPresent()) {
        return renamed.get();
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
