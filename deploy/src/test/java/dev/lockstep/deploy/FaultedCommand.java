package dev.lockstep.deploy;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultEvent;
import dev.lockstep.deploy.faults.FaultFolder;
import dev.lockstep.deploy.faults.FaultyFileSystem;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;

/**
 * The command {@code train} in processes of its own, submitted again with the same output folder
 * when its driver was killed. For one thread.
 */
final class FaultedCommand {

  /** Exit code of a command that SIGKILL ended. */
  private static final int KILLED = 128 + 9;

  private static final String METRICS = "metrics.jsonl";

  private final Path folder;
  private final FaultFolder faults;
  private final List<String> options = new ArrayList<>();
  private final Path out;
  private final List<FaultedTraining.Recovery> recoveries = new ArrayList<>();

  /** Faults after which no new step has been seen yet. */
  private final List<KilledDriver> killed = new ArrayList<>();

  /**
   * A driver that was killed.
   *
   * @param stepsBefore last step in the log of the run at its death
   */
  private record KilledDriver(FaultEvent event, long stepsBefore) {}

  /**
   * Starts nothing.
   *
   * @param folder of faults and what processes print
   * @param out of the run
   * @param data in shards
   * @param options of {@code train} in all submissions
   */
  FaultedCommand(Path folder, Path out, Path data, String... options) {
    this.folder = folder;
    this.out = out;
    this.faults = new FaultFolder(FaultedTraining.faultsIn(folder));
    this.options.addAll(List.of("--model", FaultedTraining.MODEL, "--format", "shards"));
    this.options.addAll(List.of("--data", data.toString()));
    this.options.addAll(List.of("--out", FaultyFileSystem.SCHEME + ":" + out));
    this.options.addAll(Arrays.asList(options));
  }

  /** Submits it, and checks that a fault killed the driver. */
  void submitAndDie(Fault fault, String master, String... further)
      throws IOException, InterruptedException {
    faults.arm(List.of(fault));
    CommandProcess.Ended ended = submit(master, further);
    assertEquals(KILLED, ended.status(), ended::toString);
    assertTrue(faults.isSpent(), () -> "not injected: " + faults.pending());
    List<FaultEvent> events = faults.events();
    killed.add(new KilledDriver(events.get(events.size() - 1), lastStep()));
  }

  /**
   * Submits it, and checks that it ends well.
   *
   * @return what it printed
   */
  CommandProcess.Ended submitAndFinish(String master, String... further)
      throws IOException, InterruptedException {
    CommandProcess.Ended ended = submit(master, further);
    assertEquals(0, ended.status(), ended::toString);
    return ended;
  }

  /** Submits it and waits for its end, whatever that is. */
  CommandProcess.Ended submit(String master, String... further)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("lockstep.command"));
    command.addAll(List.of("--master", master, "--jars", System.getProperty("lockstep.testJar")));
    FaultedTraining.settings(folder)
        .forEach((key, value) -> command.addAll(List.of("--conf", key + "=" + value)));
    command.add("train");
    command.addAll(options);
    command.addAll(Arrays.asList(further));
    CommandProcess process = CommandProcess.start(folder, command, Map.of());
    await()
        .atMost(Duration.ofMinutes(5))
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              noticeNextStep();
              return !process.process().isAlive();
            });
    noticeNextStep();
    return process.await();
  }

  /** Ends the waits for a new step, once the log of the run has it. */
  private void noticeNextStep() throws IOException {
    long last = lastStep();
    for (KilledDriver one : List.copyOf(killed)) {
      if (last > one.stepsBefore()) {
        Duration wait = Duration.ofMillis(System.currentTimeMillis() - one.event().millis());
        recoveries.add(new FaultedTraining.Recovery(one.event(), last, wait));
        killed.remove(one);
      }
    }
  }

  private long lastStep() throws IOException {
    try {
      List<StepMetrics> steps = steps();
      return steps.isEmpty() ? 0 : steps.get(steps.size() - 1).step();
    } catch (FileNotFoundException e) {
      // Not yet written, or about to be rewritten by the next attempt.
      return 0;
    }
  }

  private List<StepMetrics> steps() throws IOException {
    return MetricsLog.read(
            new org.apache.hadoop.fs.Path(out.toString(), METRICS), new Configuration(false))
        .steps();
  }

  /**
   * The events after which a step beyond the last one in the log was seen there; after another
   * fault, where that one came before. Steps reach the log once a second.
   */
  List<FaultedTraining.Recovery> recoveries() {
    return List.copyOf(recoveries);
  }

  /**
   * Checks that a command that ended well left what one does that was never killed.
   *
   * @param reference a training of the same data and options
   */
  void requireSameRun(CommandProcess.Ended ended, TrainingResult reference) throws IOException {
    assertEquals(reference.parametersSha256(), ended.found("parametersSha256 +([0-9a-f]{64})"));
    assertEquals(
        LongStream.rangeClosed(1, reference.progress().steps()).boxed().toList(),
        steps().stream().map(StepMetrics::step).toList());
    String record = Files.readString(out.resolve("run.json"));
    assertTrue(record.contains('"' + reference.parametersSha256() + '"'), record);
  }

  /** The faults that were injected. */
  List<FaultEvent> events() throws IOException {
    return faults.events();
  }
}
