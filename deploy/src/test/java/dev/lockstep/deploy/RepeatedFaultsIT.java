package dev.lockstep.deploy;

import static dev.lockstep.deploy.faults.Fault.kill;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultAction;
import dev.lockstep.deploy.faults.FaultPoint;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rarer and longer faults than those of {@link FaultedTrainingIT}. */
@Tag("soak")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RepeatedFaultsIT {

  private static final String TWO_EXECUTORS = "local-cluster[2,1,2048]";

  /** Of 7 steps each: more than the driver receives in one report. */
  private static final int EPOCHS = 15;

  @TempDir private Path folder;
  private ShardedDataset dataset;

  @BeforeEach
  void writeData() throws IOException {
    dataset = DigitShards.write(folder.resolve("data"), 437);
  }

  @Test
  void sameRunAfterBothExecutorsDiedAtOnceAndOneAtTheNextStart() throws IOException {
    try (SparkCluster cluster = start(TWO_EXECUTORS)) {
      FaultedTraining training = new FaultedTraining(cluster, folder, dataset);
      TrainingResult reference = training.withoutFaults(config());
      FaultedTraining.Outcome outcome =
          training.train(
              config().cluster(c -> c.workers(2).minWorkers(2)),
              List.of(kill(FaultPoint.STEP_RECORDED, 17), kill(FaultPoint.CONNECTING, 0)));
      outcome.recoveries().forEach(System.out::println);
      outcome.requireSameRun(reference);
      assertTrue(outcome.attempts() >= 3, outcome::toString);
    }
  }

  /**
   * The next attempt has one slot, that of the other executor. Its worker waits for the learning
   * rate of the next epoch, which the driver decides once the paused executor has resumed.
   */
  @Test
  void anExecutorThatResumesDuringTheNextAttemptIsFencedOff() throws IOException {
    try (SparkCluster cluster = start(TWO_EXECUTORS)) {
      FaultedTraining training = new FaultedTraining(cluster, folder, dataset);
      TrainingResult reference = training.withoutFaults(decidingRates());
      FaultedTraining.Outcome outcome =
          training.train(
              decidingRates(),
              training.nextOut(),
              List.of(
                  new Fault(FaultPoint.BEFORE_PUSH, 12, FaultAction.PAUSE),
                  kill(FaultPoint.STEP_RECORDED, 16)),
              ignored -> awaitResumption(training));
      System.out.println(outcome.recoveries().get(0));
      outcome.requireSameRun(reference);
      assertEquals(1, outcome.result().cluster().workers());
    }
  }

  private static void awaitResumption(FaultedTraining training) {
    await("the paused executor resumes")
        .atMost(Duration.ofSeconds(FaultAction.PAUSE_SECONDS + 30))
        .until(() -> !isPaused(training.faults().events().get(0).process()));
  }

  /** By what Linux says of the process: behind its name in brackets, T where it is stopped. */
  private static boolean isPaused(long process) throws IOException {
    return Files.readString(Path.of("/proc/" + process + "/stat")).contains(") T ");
  }

  @Test
  void failedAttemptsEndWithAClearMessageAndTheLastCheckpointIsUsable() throws IOException {
    try (SparkCluster cluster = start(TWO_EXECUTORS)) {
      FaultedTraining training = new FaultedTraining(cluster, folder, dataset);
      TrainingResult reference = training.withoutFaults(config());
      Path out = training.nextOut();
      // The first attempt writes the checkpoint of step 20 or 30, the next two write none.
      // An executor that survived an attempt does not reach the moment of the next fault in it.
      List<Fault> thrice =
          List.of(
              kill(FaultPoint.BEFORE_PUSH, 33),
              kill(FaultPoint.AFTER_REDUCE, 0),
              kill(FaultPoint.BEFORE_PUSH, 0));
      TrainingException givenUp =
          assertThrows(
              TrainingException.class,
              () ->
                  training.train(
                      config()
                          .cluster(c -> c.workers(2).minWorkers(2))
                          .checkpoints(c -> c.maxAttempts(2)),
                      out,
                      thrice,
                      fault -> {}));
      String message = givenUp.getMessage();
      assertTrue(message.startsWith("training failed: lost executor "), message);
      assertTrue(
          message.matches(
              ".*; given up after 2 attempts in a row without a new checkpoint; the newest complete"
                  + " checkpoint is of step [23]0: repeat the command to resume from it"),
          message);
      training.train(config(), out, List.of(), fault -> {}).requireSameRun(reference);
    }
  }

  @Test
  void trainingContinuesWithTheRemainingWorkersOrWaitsForMinWorkers() throws IOException {
    try (StandaloneDaemons standalone =
        StandaloneDaemons.start(folder, Map.of("first", Map.of(), "second", Map.of()))) {
      try (SparkCluster cluster = start(standalone.master())) {
        FaultedTraining training = new FaultedTraining(cluster, folder, dataset);
        TrainingResult reference = training.withoutFaults(config());

        FaultedTraining.Outcome outcome =
            training.train(
                config(),
                training.nextOut(),
                List.of(kill(FaultPoint.STEP_RECORDED, 12)),
                fault -> standalone.killWorker("second"));
        outcome.recoveries().forEach(System.out::println);
        outcome.requireSameRun(reference);
        assertEquals(1, outcome.result().cluster().workers());

        standalone.startWorker("third");
        Path out = training.nextOut();
        TrainingException tooFew =
            assertThrows(
                TrainingException.class,
                () ->
                    training.train(
                        config()
                            .cluster(
                                c ->
                                    c.workers(2)
                                        .minWorkers(2)
                                        .startTimeout(Duration.ofSeconds(25))),
                        out,
                        List.of(kill(FaultPoint.STEP_RECORDED, 14)),
                        fault -> standalone.killWorker("third")));
        String message = tooFew.getMessage();
        assertTrue(message.startsWith("minWorkers=2 > free slots=1 of spark://"), message);
        assertTrue(message.contains("lower --min-workers"), message);
        training.train(config(), out, List.of(), fault -> {}).requireSameRun(reference);
      }
    }
  }

  private SparkCluster start(String master) {
    Map<String, String> settings = new HashMap<>(FaultedTraining.settings(folder));
    settings.putAll(Map.of("spark.executor.memory", "2g", "spark.executor.cores", "1"));
    return SparkCluster.start(master, settings);
  }

  private static TrainingConfig.Builder config() {
    return FaultedTraining.config().optimization(o -> o.epochs(EPOCHS));
  }

  private static TrainingConfig.Builder decidingRates() {
    return config().optimization(o -> o.optimizer(o.optimizer().withPlateau("patience=2")));
  }
}
