package dev.lockstep.deploy;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training with one attempt whose executor dies or hangs fails within seconds and says why; the
 * next training succeeds.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LostExecutorIT {

  private static final Duration SOON = Duration.ofSeconds(15);

  @TempDir private static Path folder;
  private static ShardedDataset dataset;
  private static SparkCluster cluster;
  private final AtomicLong stepsTaken = new AtomicLong();

  @BeforeAll
  static void start() throws IOException {
    dataset = DigitShards.write(folder.resolve("data"), 437);
    cluster = SparkCluster.start("local-cluster[2,1,2048]");
  }

  /** The master of a local cluster replaces executors that died. */
  @BeforeEach
  void awaitExecutors() {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                SparkCluster.executors().size() == 2
                    // With the driver.
                    && cluster.context().statusTracker().getExecutorInfos().length == 3);
  }

  @AfterAll
  static void stop() {
    // One that a failed test left stopped would not end by itself.
    SparkCluster.executors().forEach(ProcessHandle::destroyForcibly);
    cluster.close();
  }

  @Test
  void aKilledExecutorFailsTheTrainingAndTheNextOneSucceeds() throws Exception {
    CompletableFuture<TrainingResult> training = train("killed", 100_000, 2);
    await().atMost(Duration.ofMinutes(2)).until(() -> stepsTaken.get() >= 20);
    List<ProcessHandle> executors = SparkCluster.executors();
    assertEquals(2, executors.size());

    assertTrue(executors.get(0).destroyForcibly());

    assertEndsSoon(training);
    assertFalse(Files.exists(folder.resolve("killed/run.json")), "no finished run");
    TrainingResult next = train("next", 1, 2).get(2, TimeUnit.MINUTES);
    assertEquals(2, next.cluster().servers());
  }

  @Test
  void aHangingExecutorFailsTheTraining() throws Exception {
    CompletableFuture<TrainingResult> training = train("hung", 100_000, 2);
    await().atMost(Duration.ofMinutes(2)).until(() -> stepsTaken.get() >= 20);
    ProcessHandle executor = SparkCluster.executors().get(0);

    signal(executor, "STOP");

    assertEndsSoon(training);
    executor.destroyForcibly();
  }

  @Test
  @Tag("soak")
  void aHangingOnlyWorkerFailsTheTraining() throws Exception {
    CompletableFuture<TrainingResult> training = train("alone", 100_000, 1);
    await().atMost(Duration.ofMinutes(2)).until(() -> stepsTaken.get() >= 20);
    List<ProcessHandle> executors = SparkCluster.executors();
    for (ProcessHandle executor : executors) {
      signal(executor, "STOP");
    }

    assertEndsSoon(training);
    executors.forEach(ProcessHandle::destroyForcibly);
  }

  private void assertEndsSoon(CompletableFuture<TrainingResult> training) {
    await().atMost(SOON).until(training::isDone);
    ExecutionException failed = assertThrows(ExecutionException.class, training::get);
    TrainingException why = assertInstanceOf(TrainingException.class, failed.getCause());
    String message = why.getMessage();
    assertTrue(message.startsWith("training failed: "), message);
    assertTrue(message.contains("lost"), message);
    // Spark names executors as the last local one of this JVM was named.
    assertTrue(message.contains("127.0.0.1") || message.contains("localhost"), message);
  }

  private CompletableFuture<TrainingResult> train(String name, int epochs, int workers) {
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(epochs))
            .data(d -> d.batchSize(16))
            .cluster(c -> c.workers(workers))
            .checkpoints(c -> c.maxAttempts(1))
            .output(o -> o.folder(folder.resolve(name).toString()))
            .build();
    InitialModel model =
        InitialModel.fresh(
            ModelDefinition.builtIn(
                "mlp:64", dataset.manifest().tensors(), BuiltInOptions.DEFAULT));
    TrainingObserver observer =
        new TrainingObserver() {
          @Override
          public void step(StepMetrics metrics) {
            stepsTaken.set(metrics.step());
          }
        };
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return Lockstep.train(cluster.context(), model, dataset, config, observer);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  private static void signal(ProcessHandle process, String name)
      throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    assertEquals(0, status);
  }
}
