package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command in a process of its own, as a user types it; it may still run.
 *
 * @param process of the command
 * @param out where its standard output goes
 * @param err where its standard error goes
 */
record CommandProcess(Process process, Path out, Path err) {

  /**
   * What a command left.
   *
   * @param status its exit code
   * @param out its standard output
   * @param err its standard error
   */
  record Ended(int status, String out, String err) {
    /** The text that a group of a pattern matches in the output. */
    String found(String pattern) {
      Matcher matcher = Pattern.compile(pattern).matcher(out);
      assertTrue(matcher.find(), pattern + " is not in:\n" + this);
      return matcher.group(1);
    }
  }

  /**
   * Starts a command that is to find Spark and to set the numeric profile itself.
   *
   * @param folder it runs in, and leaves what it prints
   */
  static CommandProcess start(Path folder, List<String> command, Map<String, String> environment)
      throws IOException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().remove("SPARK_HOME");
    builder.environment().remove("SPARK_SCALA_VERSION");
    SparkCluster.PROFILE_VARIABLES.forEach(builder.environment()::remove);
    builder.environment().put("LOCKSTEP_DRIVER_MEMORY", "1g");
    builder.environment().putAll(environment);
    return new CommandProcess(builder.start(), out, err);
  }

  /** Waits for its end. */
  Ended await() throws IOException, InterruptedException {
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "still running: " + process.info());
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Ended(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
