package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Modes other than averaging from the start, in one JVM with two or three workers. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ModesJobTest {

  @TempDir private Path folder;
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    training =
        TestTraining.of(
            folder,
            SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
            "mlp:30",
            c -> c.optimization(o -> o.epochs(2)));
  }

  @Test
  void withoutStalenessTheBitsAreThoseOfSync() throws IOException {
    TrainingResult sync = training.run(1, c -> c);
    TrainingResult ssp =
        training.run(2, c -> c.mode(m -> m.kind(Mode.SSP).staleness(0).overlapDepth(1)));
    assertEquals(sync.parametersSha256(), ssp.parametersSha256());
    assertTrue(record(ssp).contains("\"reproducible\" : true"), record(ssp));
  }

  @Test
  void staleAndAsynchronousRunsUseEveryExampleAndSayThatTheyAreNotReproducible()
      throws IOException {
    TrainingResult sync = training.run(1, c -> c);
    TrainingResult ssp = training.run(3, c -> c.mode(m -> m.kind(Mode.SSP).staleness(2)));
    TrainingResult async = training.run(3, c -> c.mode(m -> m.kind(Mode.ASYNC)));
    for (TrainingResult result : List.of(ssp, async)) {
      assertEquals(12, result.metrics().steps().size());
      assertEquals(sync.progress().examples(), result.progress().examples());
      assertTrue(record(result).contains("\"reproducible\" : false"), record(result));
      assertTrue(
          result.metrics().epochs().get(1).meanLoss()
              < result.metrics().epochs().get(0).meanLoss());
    }
  }

  @Test
  void postLocalRunsAreSynchronousUntilTheirStep() throws IOException {
    UnaryOperator<TrainingConfig.Builder> postLocal =
        c ->
            c.mode(
                m ->
                    m.kind(Mode.AVERAGING)
                        .averaging(Averaging.every(4).withFrom(RunPoint.parse("7"))));
    TrainingResult sync = training.run(1, c -> c);
    TrainingResult three = training.run(3, postLocal);
    assertEquals(12, three.metrics().steps().size());
    assertEquals(2, three.metrics().epochs().size());
    // One for each worker, though there were two attempts: all are on one executor.
    assertEquals(3, three.cluster().workerThroughputs().size());
    assertEquals(
        three.progress().examples(),
        three.cluster().workerThroughputs().stream().mapToLong(WorkerThroughput::examples).sum());
    for (int step = 0; step < 7; step++) {
      assertEquals(
          sync.metrics().steps().get(step).meanLoss(),
          three.metrics().steps().get(step).meanLoss());
    }
    assertNotEquals(sync.parametersSha256(), three.parametersSha256());
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                training.run(
                    1,
                    c ->
                        c.mode(
                            m ->
                                m.kind(Mode.AVERAGING)
                                    .averaging(
                                        Averaging.every(4).withFrom(RunPoint.parse("2epochs"))))));
    assertEquals(
        "postLocalFrom=2epochs is step 12 >= 12 steps of the run: averaging would never begin;"
            + " lower --post-local-from, or use --mode sync",
        refused.getMessage());
  }

  @Test
  void aRowThatMakesGradientsNotFiniteStopsOrSkips() throws IOException {
    ShardedDataset huge = SyntheticDataset.withHugeExample(folder.resolve("huge"), 20, 3, 200, 77);
    TestTraining linear = training.withData(huge).withModel("linear");
    TrainingException stopped =
        assertThrows(
            TrainingException.class,
            () -> linear.run(2, c -> c.data(d -> d.validationFraction(0))));
    assertTrue(
        stopped
            .getMessage()
            .matches("(?s).*step \\d+: the gradient of virtual worker \\d+ is not.*"),
        stopped.getMessage());
    assertTrue(stopped.getMessage().contains("--on-non-finite skip"), stopped.getMessage());
    TrainingResult two =
        linear.run(
            2,
            c ->
                c.optimization(o -> o.onNonFinite(NonFinitePolicy.SKIP))
                    .data(d -> d.validationFraction(0)));
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
}
