package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Modes other than averaging from the start, in one JVM with two or three workers. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ModesJobTest {

  @TempDir private Path folder;
  private ShardedDataset dataset;
  private String model = "mlp:30";
  private int runs;

  @BeforeEach
  void writeData() throws IOException {
    dataset = SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437);
  }

  @Test
  void withoutStalenessTheBitsAreThoseOfSync() throws IOException {
    TrainingResult sync = train("local[1]", c -> c);
    TrainingResult ssp =
        train("local[2]", c -> c.mode(TrainingConfig.Mode.SSP).staleness(0).pushSplit(1));
    assertEquals(sync.parametersSha256(), ssp.parametersSha256());
    assertTrue(record(ssp).contains("\"reproducible\" : true"), record(ssp));
  }

  @Test
  void staleAndAsynchronousRunsUseEveryExampleAndSayThatTheyAreNotReproducible()
      throws IOException {
    TrainingResult sync = train("local[1]", c -> c);
    TrainingResult ssp = train("local[3]", c -> c.mode(TrainingConfig.Mode.SSP).staleness(2));
    TrainingResult async = train("local[3]", c -> c.mode(TrainingConfig.Mode.ASYNC));
    for (TrainingResult result : List.of(ssp, async)) {
      assertEquals(12, result.metrics().steps().size());
      assertEquals(sync.examples(), result.examples());
      assertTrue(record(result).contains("\"reproducible\" : false"), record(result));
      assertTrue(
          result.metrics().epochs().get(1).meanLoss()
              < result.metrics().epochs().get(0).meanLoss());
    }
  }

  @Test
  void postLocalRunsAreSynchronousUntilTheirPointAndTheSameOnEveryCluster() throws IOException {
    UnaryOperator<TrainingConfig.Builder> postLocal =
        c ->
            c.mode(TrainingConfig.Mode.AVERAGING)
                .averaging(Averaging.every(4).withFrom(RunPoint.parse("7")));
    TrainingResult sync = train("local[1]", c -> c);
    TrainingResult one = train("local[1]", postLocal);
    TrainingResult three = train("local[3]", postLocal);
    assertEquals(one.parametersSha256(), three.parametersSha256());
    assertEquals(12, three.metrics().steps().size());
    assertEquals(2, three.metrics().epochs().size());
    // One for each worker, though there were two attempts: all are on one executor.
    assertEquals(3, three.workerThroughputs().size());
    assertEquals(
        three.examples(),
        three.workerThroughputs().stream().mapToLong(WorkerThroughput::examples).sum());
    for (int step = 0; step < 7; step++) {
      assertEquals(
          sync.metrics().steps().get(step).meanLoss(),
          three.metrics().steps().get(step).meanLoss());
    }
    assertNotEquals(sync.parametersSha256(), one.parametersSha256());
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                train(
                    "local[1]",
                    c ->
                        c.mode(TrainingConfig.Mode.AVERAGING)
                            .averaging(Averaging.every(4).withFrom(RunPoint.parse("2epochs")))));
    assertEquals(
        "postLocalFrom=2epochs is step 12 >= 12 steps of the run: averaging would never begin;"
            + " lower --post-local-from, or use --mode sync",
        refused.getMessage());
  }

  @Test
  void aRowThatMakesGradientsNotFiniteStopsOrSkips() throws IOException {
    model = "linear";
    dataset = SyntheticDataset.withHugeExample(folder.resolve("huge"), 20, 3, 200, 77);
    TrainingException stopped =
        assertThrows(
            TrainingException.class, () -> train("local[2]", c -> c.validationFraction(0)));
    assertTrue(
        stopped
            .getMessage()
            .matches("(?s).*step \\d+: the gradient of virtual worker \\d+ is not.*"),
        stopped.getMessage());
    assertTrue(stopped.getMessage().contains("--on-non-finite skip"), stopped.getMessage());
    TrainingResult one =
        train("local[1]", c -> c.onNonFinite(NonFinitePolicy.SKIP).validationFraction(0));
    TrainingResult two =
        train("local[2]", c -> c.onNonFinite(NonFinitePolicy.SKIP).validationFraction(0));
    assertEquals(one.parametersSha256(), two.parametersSha256());
    List<StepMetrics> steps = two.metrics().steps();
    assertEquals(2, steps.get(steps.size() - 1).skippedSteps(), "once an epoch");
    assertTrue(record(two).contains("\"skippedSteps\" : 2"), record(two));
    for (float parameter : two.parameters()) {
      assertTrue(Float.isFinite(parameter));
    }
    assertTrue(Double.isFinite(two.metrics().epochs().get(1).meanLoss()));
  }

  private static String record(TrainingResult result) throws IOException {
    return Files.readString(Path.of(URI.create(result.out())).resolve("run.json"));
  }

  private TrainingResult train(String master, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    TrainingConfig config =
        change
            .apply(
                TrainingConfig.builder()
                    .epochs(2)
                    .batchSize(16)
                    .validationFraction(0.2)
                    .out(folder.resolve("run-" + runs++).toString()))
            .build();
    try (JavaSparkContext spark = LocalSpark.on(master)) {
      ModelDefinition definition =
          ModelDefinition.builtIn(model, dataset.shardSet().tensors(), BuiltInOptions.DEFAULT);
      return new TrainingJob(
              spark, config, InitialModel.fresh(definition), dataset, TrainingObserver.NONE)
          .run();
    }
  }
}
