package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultAction;
import dev.lockstep.deploy.faults.FaultEvent;
import dev.lockstep.deploy.faults.FaultFolder;
import dev.lockstep.deploy.faults.FaultPoint;
import dev.lockstep.deploy.faults.FaultyFileSystem;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Trainings on one cluster into whose JVMs faults are injected. Lives on the driver; for one
 * thread, one training at a time.
 */
final class FaultedTraining {

  /**
   * Two frames for each of two servers: 203,530 parameters.
   *
   * @see FaultPoint#MID_PUSH
   */
  static final String MODEL = "mlp:256";

  private final SparkCluster cluster;
  private final FaultFolder faults;
  private final Path outputs;
  private final ShardedDataset dataset;
  private int trainings;

  /**
   * Starts no training.
   *
   * @param cluster started with {@link #settings} of the same folder
   * @param folder of faults and outputs
   */
  FaultedTraining(SparkCluster cluster, Path folder, ShardedDataset dataset) {
    this.cluster = cluster;
    this.faults = new FaultFolder(faultsIn(folder));
    this.outputs = folder;
    this.dataset = dataset;
  }

  /** The Spark settings that faults need. */
  static Map<String, String> settings(Path folder) {
    return Map.of(
        "spark.hadoop.fs." + FaultyFileSystem.SCHEME + ".impl",
        FaultyFileSystem.class.getName(),
        "spark.hadoop." + FaultFolder.KEY,
        faultsIn(folder).toString(),
        // Of the master: executors are replaced however many were killed.
        "spark.deploy.maxExecutorRetries",
        "-1");
  }

  /** Where the faults of a folder are. */
  static Path faultsIn(Path folder) {
    return folder.resolve("faults");
  }

  /** A checkpoint every 10 steps, most with a ragged global batch on one side. */
  static TrainingConfig.Builder config() {
    return TrainingConfig.builder()
        .data(d -> d.batchSize(16).validationFraction(0.1))
        .checkpoints(c -> c.every(CheckpointInterval.parse("10steps")).maxAttempts(6));
  }

  /** The model of all cases. */
  static InitialModel model(ShardedDataset dataset) {
    return InitialModel.fresh(
        ModelDefinition.builtIn(MODEL, dataset.manifest().tensors(), BuiltInOptions.DEFAULT));
  }

  /**
   * A fault and its cost.
   *
   * @param event the fault
   * @param step first one that the next attempt took
   * @param untilNextStep from the fault to that step, as the driver receives it
   */
  record Recovery(FaultEvent event, long step, Duration untilNextStep) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s at step %d: step %d after %.1f s",
          event.fault(),
          event.step(),
          step,
          untilNextStep.toMillis() / 1e3);
    }
  }

  /**
   * What a training left.
   *
   * @param result of the training
   * @param recoveries of all faults, in order
   * @param attempts of the run on the cluster
   */
  record Outcome(TrainingResult result, List<Recovery> recoveries, int attempts) {

    /** Checks that the run is, but for its time, that of a cluster without faults. */
    void requireSameRun(TrainingResult reference) throws IOException {
      assertEquals(reference.parametersSha256(), result.parametersSha256());
      Metrics log =
          MetricsLog.read(
              new org.apache.hadoop.fs.Path(localPath(result), "metrics.jsonl"),
              new Configuration(false));
      assertEquals(
          LongStream.rangeClosed(1, reference.progress().steps()).boxed().toList(),
          log.steps().stream().map(StepMetrics::step).toList());
      assertEquals(losses(reference.metrics()), losses(log));
      assertEquals(losses(reference.metrics()), losses(result.metrics()));
      String record = Files.readString(Path.of(localPath(result), "run.json"));
      assertTrue(record.contains('"' + result.parametersSha256() + '"'), record);
      assertTrue(record.contains('"' + result.run() + '"'), record);
    }

    private static List<Double> losses(Metrics metrics) {
      List<Double> losses = new ArrayList<>();
      metrics.steps().forEach(step -> losses.add(step.meanLoss()));
      metrics.epochs().forEach(epoch -> losses.add(epoch.validationLoss()));
      return losses;
    }

    private static String localPath(TrainingResult result) {
      return new org.apache.hadoop.fs.Path(result.out()).toUri().getPath();
    }
  }

  /** Trains without faults. */
  TrainingResult withoutFaults(TrainingConfig.Builder config) throws IOException {
    return train(config, List.of()).result();
  }

  /**
   * Trains, and checks that every fault was injected and that the training recovered.
   *
   * @param config without an output folder
   * @param planned in the order in which they are injected
   */
  Outcome train(TrainingConfig.Builder config, List<Fault> planned) throws IOException {
    return train(config, nextOut(), planned, FaultedTraining::killAllExecutors);
  }

  /**
   * The same, in a folder that may hold a run already.
   *
   * @param atRecordedStep what the driver does where a fault says {@link FaultPoint#STEP_RECORDED}
   */
  Outcome train(
      TrainingConfig.Builder config, Path out, List<Fault> planned, Consumer<Fault> atRecordedStep)
      throws IOException {
    int before = faults.events().size();
    faults.arm(planned);
    Watch watch = new Watch(faults, atRecordedStep);
    TrainingResult result =
        Lockstep.train(
            cluster.context(),
            model(dataset),
            dataset,
            config.output(o -> o.folder(FaultyFileSystem.SCHEME + ":" + out)).build(),
            watch);
    List<FaultEvent> events = faults.events();
    assertTrue(faults.isSpent(), () -> "not injected: " + faults.pending());
    return new Outcome(
        result, watch.recoveries(events.subList(before, events.size())), watch.restarts.size() + 1);
  }

  private static void killAllExecutors(Fault fault) {
    assertEquals(FaultAction.KILL, fault.action());
    SparkCluster.executors().forEach(ProcessHandle::destroyForcibly);
  }

  /** The faults of the cluster. */
  FaultFolder faults() {
    return faults;
  }

  /** A folder that no training has used. */
  Path nextOut() {
    return outputs.resolve("run-" + ++trainings);
  }

  /** Records the steps, and applies the faults that the driver applies. */
  static final class Watch implements TrainingObserver {

    private final FaultFolder faults;
    private final Consumer<Fault> atRecordedStep;
    private final List<Seen> steps = new ArrayList<>();
    private final List<Long> restarts = new ArrayList<>();

    private record Seen(long step, long millis) {}

    Watch(FaultFolder faults, Consumer<Fault> atRecordedStep) {
      this.faults = faults;
      this.atRecordedStep = atRecordedStep;
    }

    @Override
    public void step(StepMetrics metrics) {
      steps.add(new Seen(metrics.step(), System.currentTimeMillis()));
      faults.reach(FaultPoint.STEP_RECORDED, metrics.step(), atRecordedStep);
    }

    @Override
    public void restarting(String why, long step) {
      restarts.add(System.currentTimeMillis());
    }

    /** Each ends with the first step of the next attempt after the fault. */
    List<Recovery> recoveries(List<FaultEvent> events) {
      List<Recovery> recoveries = new ArrayList<>();
      for (FaultEvent event : events) {
        // The fault may reach an executor of an earlier attempt when the next one has begun
        // already.
        long restarted =
            restarts.stream().filter(at -> at >= event.millis()).findFirst().orElse(event.millis());
        Seen next =
            steps.stream()
                .filter(step -> step.millis() >= restarted)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no step after " + event));
        recoveries.add(
            new Recovery(event, next.step(), Duration.ofMillis(next.millis() - event.millis())));
      }
      return recoveries;
    }
  }
}
