package dev.lockstep.deploy;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultEvent;
import dev.lockstep.deploy.faults.FaultFolder;
import dev.lockstep.deploy.faults.FaultPoint;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Long trainings with many faults at seeded moments. {@code -Dsoak.faults} is their number in all,
 * {@code -Dsoak.seed} the seed; the table of faults and recoveries goes to {@code target/soak.md}.
 */
@Tag("soak")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class SoakIT {

  private static final int FAULTS = Integer.getInteger("soak.faults", 50);
  private static final long SEED = Long.getLong("soak.seed", 20_261_121);

  /** 437 examples, a tenth of them held out, in global batches of 4 x 16. */
  private static final int STEPS_PER_EPOCH = 7;

  private static final int ROUND = 3;

  /** Of the faults: to executors of a standalone cluster, and to drivers. The rest: see below. */
  private static final int STANDALONE = Math.max(2, FAULTS / 10);

  private static final int DRIVERS = Math.max(2, FAULTS / 8);
  private static final int PAUSES = Math.max(1, FAULTS / 25);
  private static final int AVERAGING = Math.max(1, FAULTS / 5);
  private static final int COMPRESSED = Math.max(1, FAULTS / 5);
  private static final int SYNC =
      Math.max(1, FAULTS - STANDALONE - DRIVERS - PAUSES - AVERAGING - COMPRESSED);

  private static final List<FaultPoint> EXECUTOR_POINTS =
      List.of(
          FaultPoint.BEFORE_PUSH,
          FaultPoint.MID_PUSH,
          FaultPoint.AFTER_REDUCE,
          FaultPoint.SHARD_BYTES,
          FaultPoint.STEP_RECORDED);

  private static final List<FaultPoint> DRIVER_POINTS =
      List.of(
          FaultPoint.MANIFEST_CREATE,
          FaultPoint.MANIFEST_BYTES,
          FaultPoint.MANIFEST_PLACED,
          FaultPoint.REPORT_HEARD);

  @TempDir private static Path folder;
  private ShardedDataset dataset;
  private final RecoveryTable table = new RecoveryTable();

  @BeforeAll
  void writeData() throws IOException {
    dataset = DigitShards.write(folder.resolve("data"), 437);
  }

  @AfterAll
  void publish() throws IOException {
    table.publish(
        Path.of("target", "soak.md"),
        String.format(
            "%d faults of soak.seed=%d; seconds from the fault to the first step of the next"
                + " attempt (drivers: to the first new step in metrics.jsonl)%n",
            table.faults(), SEED));
  }

  @Test
  void sameRunWhateverFaultsHitTheExecutorsOfALocalCluster() throws IOException {
    Path here = folder.resolve("local");
    try (SparkCluster cluster =
        SparkCluster.start("local-cluster[2,1,2048]", FaultedTraining.settings(here))) {
      FaultedTraining training = new FaultedTraining(cluster, here, dataset);
      SeededFaults seeded = new SeededFaults(SEED);
      List<Fault> sync = seeded.withPauses(seeded.kills(SYNC, EXECUTOR_POINTS, 1), PAUSES);
      sameRunDespite(training, "sync", SoakIT::sync, sync, 1);
      sameRunDespite(
          training,
          "averaging",
          SoakIT::averaging,
          seeded.kills(AVERAGING, EXECUTOR_POINTS, ROUND),
          ROUND);
      sameRunDespite(
          training, "top-k", SoakIT::compressed, seeded.kills(COMPRESSED, EXECUTOR_POINTS, 1), 1);
    }
  }

  @Test
  void sameRunWhateverFaultsHitTheExecutorsOfAStandaloneCluster() throws IOException {
    Path here = Files.createDirectories(folder.resolve("standalone"));
    try (StandaloneDaemons standalone =
        StandaloneDaemons.start(here, Map.of("first", Map.of(), "second", Map.of()))) {
      Map<String, String> settings = new HashMap<>(FaultedTraining.settings(here));
      settings.putAll(Map.of("spark.executor.memory", "2g", "spark.executor.cores", "1"));
      try (SparkCluster cluster = SparkCluster.start(standalone.master(), settings)) {
        sameRunDespite(
            new FaultedTraining(cluster, here, dataset),
            "standalone",
            SoakIT::sync,
            new SeededFaults(SEED + 1).kills(STANDALONE, EXECUTOR_POINTS, 1),
            1);
      }
    }
  }

  @Test
  void sameRunWheneverTheDriverDiesAndIsSubmittedAgainOnAnotherCluster() throws Exception {
    Random random = new Random(SEED + 2);
    int steps = 30 * DRIVERS + 40;
    int epochs = (steps + STEPS_PER_EPOCH - 1) / STEPS_PER_EPOCH;
    FaultedCommand command =
        new FaultedCommand(
            Files.createDirectories(folder.resolve("drivers")),
            folder.resolve("drivers/run"),
            folder.resolve("data"),
            "--epochs=" + epochs,
            "--batch-size=16",
            "--validation-fraction=0.1",
            "--checkpoint-every=10steps");
    List<String> masters =
        List.of("local-cluster[2,1,1024]", "local-cluster[1,1,1024]", "local[2]");
    for (int i = 0; i < DRIVERS; i++) {
      FaultPoint point = DRIVER_POINTS.get((i + random.nextInt(2)) % DRIVER_POINTS.size());
      int at = point == FaultPoint.REPORT_HEARD ? 8 + random.nextInt(8) : 30 * (i + 1);
      command.submitAndDie(Fault.kill(point, at), masters.get(random.nextInt(masters.size())));
    }
    CommandProcess.Ended ended = command.submitAndFinish(masters.get(0), "--workers=2");
    command.events().forEach(one -> table.injected("driver", one));
    command.recoveries().forEach(one -> table.recovered("driver", one));

    TrainingResult reference;
    try (SparkCluster cluster = SparkCluster.start("local[1]")) {
      TrainingConfig config =
          sync()
              .optimization(o -> o.epochs(epochs))
              .output(o -> o.folder(folder.resolve("drivers/reference").toString()))
              .build();
      reference =
          Lockstep.train(cluster.context(), FaultedTraining.model(dataset), dataset, config);
    }
    try {
      command.requireSameRun(ended, reference);
    } catch (AssertionError e) {
      throw new AssertionError("soak.seed=" + SEED + ": " + e.getMessage(), e);
    }
  }

  private void sameRunDespite(
      FaultedTraining training,
      String where,
      Supplier<TrainingConfig.Builder> config,
      List<Fault> faults,
      int stepsPerPush)
      throws IOException {
    int epochs =
        (SeededFaults.stepsFor(faults, stepsPerPush) + STEPS_PER_EPOCH - 1) / STEPS_PER_EPOCH;
    System.out.printf("soak.seed=%d, %s, %d epochs: %s%n", SEED, where, epochs, faults);
    FaultFolder folderOfFaults = training.faults();
    int before = folderOfFaults.events().size();
    try {
      TrainingResult reference =
          training.withoutFaults(config.get().optimization(o -> o.epochs(epochs)));
      FaultedTraining.Outcome outcome =
          training.train(
              config
                  .get()
                  .optimization(o -> o.epochs(epochs))
                  .cluster(c -> c.workers(2).minWorkers(2)),
              faults);
      outcome.recoveries().forEach(one -> table.recovered(where, one));
      outcome.requireSameRun(reference);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("soak.seed=" + SEED + ", " + where + ": " + e.getMessage(), e);
    } finally {
      List<FaultEvent> events = folderOfFaults.events();
      events.subList(before, events.size()).forEach(one -> table.injected(where, one));
    }
  }

  private static TrainingConfig.Builder sync() {
    return FaultedTraining.config().checkpoints(c -> c.maxAttempts(12));
  }

  /** Virtual workers keep the state of their local optimizers. */
  private static TrainingConfig.Builder averaging() {
    return sync()
        .mode(
            m ->
                m.kind(Mode.AVERAGING)
                    .averaging(
                        Averaging.every(ROUND)
                            .withOuter(Averaging.Outer.NESTEROV)
                            .withLocalState(Averaging.LocalState.KEPT)));
  }

  /** Virtual workers keep what they have not sent. */
  private static TrainingConfig.Builder compressed() {
    return sync().mode(m -> m.gradientCompression(Compression.parse("top-k=0.05")));
  }
}
