package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.cli.Main;
import dev.lockstep.trainer.control.WorkerAssignment;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is secret is in no log, no message and no output, whether a run ends well or not. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SecretsTest {
  private static final String NEXT = "--next--";

  private static final Map<String, String> SECRETS =
      new TreeMap<>(
          Map.of(
              "spark.authenticate.secret", "hush-authenticate-7f31",
              "spark.ssl.keyPassword", "hush-key-7f32",
              "spark.ssl.trustStorePassword", "hush-trust-7f33",
              "spark.hadoop.fs.s3a.access.key", "hush-access-7f34",
              "spark.hadoop.fs.s3a.secret.key", "hush-s3-7f35",
              "spark.hadoop.fs.azure.sas.token", "hush-sas-7f36"));

  /** The secret of an attempt: 24 bytes. */
  private static final Pattern TOKEN =
      Pattern.compile("(?<![0-9a-fA-F])[0-9a-fA-F]{48}(?![0-9a-fA-F])");

  @TempDir private Path folder;

  /** Runs commands one after another in a JVM of their own. */
  static final class Commands {
    private Commands() {}

    public static void main(String[] words) {
      List<String> command = new ArrayList<>();
      for (String word : words) {
        if (word.equals(NEXT)) {
          System.out.println("exit code " + Main.run(command.toArray(String[]::new)));
          command.clear();
        } else {
          command.add(word);
        }
      }
    }
  }

  @Test
  void nothingThatARunLeavesOrSaysHoldsASecret() throws Exception {
    SyntheticDataset.classes(folder.resolve("data"), List.of(6), 3, 200);
    SyntheticDataset.withHugeExample(folder.resolve("huge"), 20, 3, 200, 77);
    String good = folder.resolve("good").toString();
    List<String> words = new ArrayList<>();
    add(words, train("data", good, "--checkpoint-every", "2steps"));
    add(words, train("huge", folder.resolve("bad").toString(), "--checkpoint-every", "1steps"));
    add(words, "train", "--data", "ftp://me:hush-ftp@host/a", "--model", "linear", "--out", good);
    add(words, train("data", "s3a://AKIA:hush/s3/uri@bucket/run"));
    add(words, train("data", good, "--like=jdbc:x://h/db?password=hush-jdbc"));
    add(words, "inspect", "s3a://AKIA:hush/s3/uri@bucket/run");
    add(words, "evaluate", "--model", "ftp://me:hush-ftp@host/a", "--data", good);
    String said = run(words);
    String codes =
        Pattern.compile("exit code \\d").matcher(said).results().toList().stream()
            .map(one -> one.group().substring(10))
            .reduce("", String::concat);
    assertEquals("0122222", codes, said);
    assertTrue(said.contains("is not finite"), said);
    assertTrue(said.contains("INFO dev.lockstep"), "the log is there");
    assertHushed("what was said", said);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertHushed(file.toString(), contents(file));
      }
    }
    assertTrue(Files.exists(folder.resolve("good/run.json")));
  }

  @Test
  void whatWorkersAreToldIsPrintedWithoutTheSecretOfTheLaunch() {
    WorkerAssignment.AttemptContext attempt =
        new WorkerAssignment.AttemptContext(null, 2, null, "hush");
    WorkerAssignment assignment = new WorkerAssignment(null, null, null, null, null, attempt, null);
    assertFalse(assignment.toString().contains("hush"), assignment.toString());
  }

  private String[] train(String data, String out, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of("train", "--debug", "--model", "linear", "--epochs", "2", "--data"));
    words.add(folder.resolve(data).toString());
    words.addAll(List.of("--out", out));
    words.addAll(Arrays.asList(more));
    return words.toArray(String[]::new);
  }

  private static void add(List<String> words, String... command) {
    words.addAll(Arrays.asList(command));
    words.add(NEXT);
  }

  private String run(List<String> words) throws IOException, InterruptedException {
    Path logging = folder.resolve("log4j2.properties");
    Files.writeString(
        logging,
        """
        rootLogger.level = info
        rootLogger.appenderRef.console.ref = console
        logger.lockstep.name = dev.lockstep
        logger.lockstep.level = debug
        appender.console.type = Console
        appender.console.name = console
        appender.console.target = SYSTEM_ERR
        appender.console.layout.type = PatternLayout
        appender.console.layout.pattern = %p %c: %m%n
        """);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(one -> one.startsWith("--add-") || one.startsWith("-XX:"))
        .forEach(command::add);
    command.addAll(List.of("-Xmx1g", "-cp", System.getProperty("java.class.path")));
    command.add("-Dlog4j2.configurationFile=" + logging);
    command.add("-Dspark.master=local[2]");
    command.add("-Dspark.authenticate=true");
    SECRETS.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add(Commands.class.getName());
    command.addAll(words);
    Path output = folder.resolve("said");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running");
    return Files.readString(output, StandardCharsets.ISO_8859_1);
  }

  private static void assertHushed(String where, String text) {
    int at = text.indexOf("hush");
    assertEquals(
        -1,
        at,
        () ->
            where + ": " + text.substring(Math.max(0, at - 200), Math.min(text.length(), at + 80)));
    assertFalse(TOKEN.matcher(text).find(), () -> where + " holds the secret of an attempt");
  }

  private static String contents(Path file) throws IOException {
    if (!file.toString().endsWith(".zip")) {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    }
    StringBuilder all = new StringBuilder();
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        all.append(entry.getName())
            .append(new String(zip.readAllBytes(), StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }
}
