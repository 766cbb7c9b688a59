package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.read.SampleData;
import dev.lockstep.sharding.read.SteppedFiles;
import dev.lockstep.sharding.read.SteppedFiles.Kind;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs that end at any step, and what they leave. */
class KilledJobTest {

  private static final Configuration CONF = new Configuration();
  private static final int EXAMPLES = 35;

  @TempDir Path folder;

  /** Ends a job: no step is possible any more, cleaning up included. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Writes a dataset; returns whether the job got to its end within so many steps. */
  private static boolean writeWithin(int steps, Kind kind, Path location, int examples)
      throws IOException {
    int[] left = {steps};
    SteppedFiles files =
        new SteppedFiles(
            kind,
            () -> {
              if (left[0]-- <= 0) {
                throw new Killed();
              }
            });
    try (Staging staging =
        Staging.begin(files, new org.apache.hadoop.fs.Path(location.toUri()), IfExists.REPLACE)) {
      SampleData.write(staging, files, examples);
      return true;
    } catch (Killed e) {
      return false;
    }
  }

  private static String fingerprint(Path location) throws IOException {
    ShardedDataset opened = ShardedDatasets.open(location.toString(), CONF);
    ShardedDatasets.verify(opened, CONF);
    return opened.manifest().fingerprint();
  }

  private String fingerprintOf(int examples) throws IOException {
    Path clean = folder.resolve("clean-" + examples);
    return SampleData.write(clean.toString(), CONF, examples, 20, 8).manifest().fingerprint();
  }

  @ParameterizedTest
  @EnumSource
  void leavesNoDatasetOrItsOwnWhereThereWasNone(Kind kind) throws IOException {
    String wanted = fingerprintOf(EXAMPLES);
    boolean ended = false;
    int without = 0;
    for (int steps = 0; !ended; steps++) {
      Path location = folder.resolve("at-" + steps);
      ended = writeWithin(steps, kind, location, EXAMPLES);
      if (ended || ShardedDatasets.exists(location.toString(), CONF)) {
        assertEquals(wanted, fingerprint(location));
      } else {
        without++;
        String message =
            assertThrows(
                    FileNotFoundException.class,
                    () -> ShardedDatasets.open(location.toString(), CONF))
                .getMessage();
        assertTrue(message.startsWith("no dataset") || message.startsWith("no sharded"), message);
        ShardedDataset again = SampleData.write(location.toString(), CONF, EXAMPLES, 20, 8);
        assertEquals(wanted, again.manifest().fingerprint());
      }
      assertEquals(wanted, fingerprint(location));
    }
    assertTrue(without > 15, without + " moments without a dataset");
  }

  @ParameterizedTest
  @EnumSource
  void leavesTheOldDatasetOrTheNewWhereOneIsReplaced(Kind kind) throws IOException {
    String before = fingerprintOf(25);
    String after = fingerprintOf(EXAMPLES);
    TreeSet<String> found = new TreeSet<>();
    boolean ended = false;
    for (int steps = 0; !ended; steps++) {
      Path location = folder.resolve("at-" + steps);
      SampleData.write(location.toString(), CONF, 25, 20, 8);
      ended = writeWithin(steps, kind, location, EXAMPLES);
      String stands = fingerprint(location);
      assertTrue(stands.equals(before) || stands.equals(after), "step " + steps);
      found.add(stands);
      SampleData.replace(location.toString(), CONF, EXAMPLES, 20, 8);
      assertEquals(after, fingerprint(location));
    }
    assertEquals(new TreeSet<>(List.of(before, after)), found);
  }

  /** The process that is killed: writes until a step, says so, and waits there for its end. */
  static final class Victim {

    private Victim() {}

    public static void main(String[] args) throws Exception {
      int[] left = {Integer.parseInt(args[1])};
      SteppedFiles files =
          new SteppedFiles(
              Kind.LOCAL,
              () -> {
                if (left[0]-- == 0) {
                  System.out.println("HERE");
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                }
              });
      org.apache.hadoop.fs.Path location = new org.apache.hadoop.fs.Path(args[0]);
      try (Staging staging = Staging.begin(files, location, IfExists.REFUSE)) {
        SampleData.write(staging, files, EXAMPLES);
      }
      System.out.println("COMPLETE");
    }
  }

  private static void killAt(int step, Path location) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Victim.class.getName(),
                location.toUri().toString(),
                String.valueOf(step))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      while (line != null && !line.equals("HERE") && !line.equals("COMPLETE")) {
        line = out.readLine();
      }
      assertEquals("HERE", line, "step " + step);
      // SIGKILL on Linux: no shutdown hook, no finally.
      process.destroyForcibly();
      assertTrue(process.waitFor(20, TimeUnit.SECONDS));
      assertEquals(128 + 9, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  private static int stepsOfAJob(Path location) throws IOException {
    int[] steps = {0};
    SteppedFiles files = new SteppedFiles(Kind.LOCAL, () -> steps[0]++);
    try (Staging staging =
        Staging.begin(files, new org.apache.hadoop.fs.Path(location.toUri()), IfExists.REFUSE)) {
      SampleData.write(staging, files, EXAMPLES);
    }
    return steps[0];
  }

  @Tag("soak")
  @Test
  void aProcessThatIsKilledLeavesNothingThatTheNextJobDoesNotClear() throws Exception {
    String wanted = fingerprintOf(EXAMPLES);
    int steps = stepsOfAJob(folder.resolve("counted"));
    Random random = new Random(5);
    List<Integer> moments = new ArrayList<>();
    for (int fifth = 0; fifth < 5; fifth++) {
      moments.add(fifth * steps / 5 + random.nextInt(steps / 5));
    }
    for (int step : moments) {
      Path location = folder.resolve("killed-" + step);
      killAt(step, location);
      if (ShardedDatasets.exists(location.toString(), CONF)) {
        assertEquals(wanted, fingerprint(location));
        SampleData.replace(location.toString(), CONF, EXAMPLES, 20, 8);
      } else {
        assertThrows(
            FileNotFoundException.class, () -> ShardedDatasets.open(location.toString(), CONF));
        SampleData.write(location.toString(), CONF, EXAMPLES, 20, 8);
      }
      assertEquals(wanted, fingerprint(location));
      try (Stream<Path> left = Files.list(location)) {
        assertEquals(
            List.of("data", "manifest.json"),
            left.map(file -> file.getFileName().toString().replaceFirst("data-.*", "data"))
                .sorted()
                .toList(),
            "killed at step " + step);
      }
    }
  }
}
