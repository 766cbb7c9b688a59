package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user types it, in a process of its own. */
@Timeout(600)
class LauncherIT {

  @TempDir private Path folder;

  /**
   * What a command left.
   *
   * @param status its exit code
   * @param out its standard output
   * @param err its standard error
   */
  private record Ended(int status, String out, String err) {
    /** The text that a group of a pattern matches in the output. */
    String found(String pattern) {
      Matcher matcher = Pattern.compile(pattern).matcher(out);
      assertTrue(matcher.find(), pattern + " is not in:\n" + this);
      return matcher.group(1);
    }
  }

  @Test
  void quickstartLearnsDigitsAndGivesTheSameBitsOnACluster() throws Exception {
    Ended local = quickstart("--master", "local[2]");

    assertEquals(0, local.status(), local::toString);
    double accuracy = Double.parseDouble(local.found("test accuracy +([0-9.]+) %"));
    assertTrue(accuracy >= 90, local::toString);
    assertTrue(local.out().contains("drawing"), local::toString);
    for (String output : List.of("model.zip", "run.json", "metrics.jsonl", "report.html")) {
      assertTrue(Files.isRegularFile(folder.resolve("quick/run").resolve(output)), output);
    }

    Ended cluster = quickstart("--master=local-cluster[2,1,2048]");

    assertEquals(0, cluster.status(), cluster::toString);
    assertFalse(cluster.out().contains("drawing"), "the second run draws nothing: " + cluster);
    String sha = "parametersSha256 +([0-9a-f]{64})";
    assertEquals(local.found(sha), cluster.found(sha));
  }

  @Test
  void badUsageEndsWithTwoAndOneClearLine() throws Exception {
    Ended unknown = lockstep("quickstart", "--epochs", "many");
    assertEquals(2, unknown.status(), unknown::toString);
    assertTrue(
        unknown
            .err()
            .startsWith("lockstep: Invalid value for option '--epochs': 'many' is not an int"),
        unknown::toString);

    Ended profile = lockstep("train", "--numeric-profile", "fast");
    assertEquals(
        new Ended(
            2,
            "",
            "lockstep: --numeric-profile=fast is not known: give avx2, avx512, generic or native\n"),
        profile);

    assertEquals(new Ended(2, "", "lockstep: --master needs a value\n"), lockstep("--master"));
  }

  @Test
  void helpSaysWhatThereIs() throws Exception {
    Ended launcher = lockstep("--help");
    assertEquals(0, launcher.status());
    assertTrue(launcher.out().startsWith("Usage: lockstep [SPARK OPTIONS] COMMAND"));

    Ended command = lockstep("quickstart", "--help");
    assertEquals(0, command.status(), command::toString);
    assertTrue(command.out().contains("--virtual-workers"), command::toString);
  }

  private Ended quickstart(String... sparkOptions) throws Exception {
    List<String> words = new ArrayList<>(List.of(sparkOptions));
    words.addAll(
        List.of("quickstart", "--dir", folder.resolve("quick").toString(), "--train", "6000"));
    words.addAll(List.of("--test", "1000", "--epochs", "6"));
    return lockstep(words.toArray(String[]::new));
  }

  private Ended lockstep(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(System.getProperty("lockstep.command")));
    command.addAll(List.of(words));
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    // The launcher is to find Spark and to set the numeric profile itself.
    builder.environment().remove("SPARK_HOME");
    builder.environment().remove("SPARK_SCALA_VERSION");
    TestCluster.PROFILE_VARIABLES.forEach(builder.environment()::remove);
    builder.environment().put("LOCKSTEP_DRIVER_MEMORY", "1g");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "still running: " + command);
    } finally {
      process.destroyForcibly();
    }
    return new Ended(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
