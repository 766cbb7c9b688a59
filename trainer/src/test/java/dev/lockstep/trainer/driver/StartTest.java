package dev.lockstep.trainer.driver;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a training begins and what it leaves in the JVM. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StartTest {

  private static final Duration SOON = Duration.ofSeconds(30);

  /** Static: the job that waits for it is serialized, though it runs in this JVM. */
  private static final CountDownLatch OCCUPIED = new CountDownLatch(1);

  private static final CountDownLatch FREE = new CountDownLatch(1);

  @TempDir private Path folder;
  private ShardedDataset dataset;

  @BeforeEach
  void writeData() throws IOException {
    dataset = SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 100);
  }

  private TrainingResult train(JavaSparkContext spark, String name, Duration timeout)
      throws IOException {
    return Lockstep.train(
        spark,
        InitialModel.fresh(
            ModelDefinition.builtIn(
                "mlp:30", dataset.manifest().tensors(), BuiltInOptions.DEFAULT)),
        dataset,
        TrainingConfig.builder()
            .cluster(c -> c.startTimeout(timeout))
            .output(o -> o.folder(folder.resolve(name).toUri().toString()))
            .build());
  }

  @Test
  void slotsThatStayBusyEndTheStartInTime() throws Exception {
    try (JavaSparkContext spark = LocalSpark.on("local[1]")) {
      JavaFutureAction<Void> other =
          spark
              .parallelize(List.of(1), 1)
              .foreachAsync(
                  ignored -> {
                    OCCUPIED.countDown();
                    FREE.await();
                  });
      OCCUPIED.await();
      try {
        long began = System.nanoTime();
        TrainingException late =
            assertThrows(
                TrainingException.class, () -> train(spark, "late", Duration.ofSeconds(2)));
        assertTrue(System.nanoTime() - began < Duration.ofSeconds(17).toNanos());
        assertTrue(
            late.getMessage()
                .startsWith(
                    "workers=1 did not all start within startTimeout=2 s: slots are busy or"
                        + " executors cannot reach the driver at "),
            late.getMessage());
        assertTrue(
            late.getMessage().endsWith("free slots, lower --workers, or raise --start-timeout"),
            late.getMessage());
        assertFalse(other.isDone(), "the other job is left alone");
        assertFalse(Files.exists(folder.resolve("late/metrics.jsonl")), "nothing was begun");
        noThreadOfATrainingIsLeft();
      } finally {
        FREE.countDown();
      }
      await().atMost(SOON).until(other::isDone);
      assertEquals(1, train(spark, "late", Duration.ofMinutes(1)).progress().steps());
    }
  }

  @Test
  void nothingOfATrainingStaysInTheJvm() throws IOException {
    try (JavaSparkContext spark = LocalSpark.on("local[2]")) {
      train(spark, "first", Duration.ofMinutes(1));
      System.gc();
      long nativeBytes = Pointer.totalBytes();
      for (int run = 0; run < 4; run++) {
        train(spark, "run-" + run, Duration.ofMinutes(1));
      }
      noThreadOfATrainingIsLeft();
      // DL4J leaves arrays of the last batches to the collector.
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                System.gc();
                assertTrue(
                    Pointer.totalBytes() <= nativeBytes,
                    Pointer.totalBytes() + " > " + nativeBytes);
              });
    }
  }

  /** Netty's threads listen for another 10 s before they end. */
  private static void noThreadOfATrainingIsLeft() {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertEquals(
                    List.of(),
                    threads().filter(name -> name.startsWith("lockstep")).sorted().toList()));
  }

  private static Stream<String> threads() {
    return Thread.getAllStackTraces().keySet().stream().map(Thread::getName);
  }
}
