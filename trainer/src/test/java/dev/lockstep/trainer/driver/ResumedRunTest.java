package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.plan.RandomSource;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run that was stopped anywhere and resumed ends as if it had never stopped. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResumedRunTest {

  @TempDir private Path folder;
  private TestTraining training;
  private int runs;

  @BeforeEach
  void writeData() throws IOException {
    // Of 437 examples 350 train: 6 steps of 4 x 16 an epoch, the last ragged.
    training =
        TestTraining.of(
            folder,
            SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
            "mlp:40",
            c -> c.optimization(o -> o.epochs(3)));
  }

  @Test
  void resumedInTheMiddleOfAnEpochWithOtherWorkers() throws IOException {
    sameAsUninterrupted(
        9, c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))), 1, 3);
  }

  @Test
  void resumedAtTheEndOfAnEpoch() throws IOException {
    sameAsUninterrupted(
        8, c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("1epochs"))), 4, 2);
  }

  @Test
  void resumedBeforeTheFirstCheckpoint() throws IOException {
    sameAsUninterrupted(
        3, c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("12steps"))), 2, 1);
  }

  @Test
  void resumedWithAveragedOptimizerState() throws IOException {
    sameAsUninterrupted(
        9,
        c ->
            c.mode(
                    m ->
                        m.kind(Mode.AVERAGING)
                            .averaging(Averaging.every(2).withOuter(Averaging.Outer.NESTEROV)))
                .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))),
        2,
        4);
  }

  @Test
  void resumedWithKeptOptimizerState() throws IOException {
    sameAsUninterrupted(
        9,
        c ->
            c.mode(
                    m ->
                        m.kind(Mode.AVERAGING)
                            .averaging(
                                Averaging.every(2).withLocalState(Averaging.LocalState.KEPT)))
                .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))),
        3,
        2);
  }

  @Test
  void resumedWithResidualsOfCompressedGradients() throws IOException {
    sameAsUninterrupted(
        9,
        c ->
            c.mode(m -> m.gradientCompression(Compression.parse("top-k=0.05")))
                .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))),
        1,
        4);
  }

  @Test
  void resumedInEitherPhaseOfPostLocalSgd() throws IOException {
    for (int stop : new int[] {5, 9, 15}) {
      sameAsUninterrupted(
          stop,
          c ->
              c.mode(
                      m ->
                          m.kind(Mode.AVERAGING)
                              .averaging(Averaging.every(2).withFrom(RunPoint.parse("8steps"))))
                  .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))),
          2,
          1);
    }
  }

  @Test
  void resumedWithARateThatFollowsPlateaus() throws IOException {
    sameAsUninterrupted(
        15,
        c ->
            c.optimization(
                    o ->
                        o.optimizer(
                            o.optimizer().withPlateau("factor=0.5,patience=0,threshold=0.5")))
                .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))),
        2,
        3);
  }

  @Test
  void resumedWithCheckpointsByTheClock() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c ->
            c.optimization(o -> o.epochs(3_000))
                .checkpoints(s -> s.every(CheckpointInterval.parse("1seconds")));
    List<Long> taken = new CopyOnWriteArrayList<>();
    TrainingObserver second =
        new TrainingObserver() {
          @Override
          public void checkpoint(long step) {
            taken.add(step);
            if (taken.size() == 2) {
              throw new IllegalStateException("stopped");
            }
          }
        };
    assertThrows(IllegalStateException.class, () -> training.run("timed", change, second));
    TrainingResult resumed =
        training.run(
            "timed",
            c -> change.apply(c).optimization(o -> o.epochs(1 + (int) (taken.get(1) / 6))),
            second);
    assertTrue(taken.size() > 2 && taken.get(0) < taken.get(1), taken.toString());
    TrainingResult whole =
        training.run("whole", c -> c.optimization(o -> o.epochs(1 + (int) (taken.get(1) / 6))));
    assertSame(whole, resumed);
  }

  @Test
  void theBestCheckpointIsKeptAndItsModelWritten() throws IOException {
    TrainingResult result =
        training.run(
            "best",
            c ->
                c.optimization(o -> o.epochs(6).optimizer(o.optimizer().withOptimizer("sgd(lr=3)")))
                    .checkpoints(s -> s.keep(1).keepBest(Plateau.Metric.LOSS)));
    EpochMetrics best =
        result.metrics().epochs().stream()
            .min(Comparator.comparingDouble(EpochMetrics::validationLoss))
            .orElseThrow();
    TrainingResult until =
        training.run(
            "until",
            c ->
                c.optimization(
                    o ->
                        o.epochs(best.epoch())
                            .optimizer(o.optimizer().withOptimizer("sgd(lr=3)"))));
    try (InputStream in = Files.newInputStream(folder.resolve("best/best.zip"))) {
      InitialModel model = InitialModel.read(in, "best.zip");
      assertArrayEquals(until.parameters(), model.parameters(0));
      assertEquals(best.step(), model.iterations());
      assertEquals(best.epoch(), model.epochs());
    }
    String[] kept = folder.resolve("best/checkpoints").toFile().list();
    assertEquals(
        best.epoch() == 6 ? 1 : 2, Stream.of(kept).filter(n -> n.startsWith("step-")).count());
  }

  @Test
  void resumedTwice() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("3steps")));
    TrainingResult whole = training.run("whole", change);
    stopAfter(5, "stopped", change);
    stopAfter(11, "stopped", c -> change.apply(c).cluster(s -> s.workers(1)));
    TrainingResult resumed = training.run("stopped", change);
    assertSame(whole, resumed);
    assertEquals(3, resumed.progress().attempts());
  }

  @Test
  void moreEpochsExtendAFinishedRun() throws IOException {
    TrainingResult whole = training.run("whole", c -> c);
    TrainingResult first = training.run("grown", c -> c.optimization(o -> o.epochs(1)));
    TrainingResult grown = training.run("grown", c -> c);
    assertEquals(first.run(), grown.run());
    assertSame(whole, grown);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> training.run("grown", c -> c.optimization(o -> o.epochs(2))));
    assertTrue(
        refused.getMessage().startsWith("epochs=2 end after step 12 < step 18 of the newest"),
        refused.getMessage());
  }

  @Test
  void aFinishedRunIsNotTrainedAgain() throws IOException {
    TrainingResult first = training.run("done", c -> c);
    String record = Files.readString(folder.resolve("done/run.json"));
    List<String> told = new ArrayList<>();
    TrainingResult again = training.run("done", c -> c, TrainingObserver.ofDescription(told::add));
    assertEquals(first.parametersSha256(), again.parametersSha256());
    assertEquals(first.metrics().lastEpoch(), again.metrics().lastEpoch());
    assertEquals(
        List.of(first.run() + " is complete: 18 steps"), told.stream().map(String::strip).toList());
    assertEquals(record, Files.readString(folder.resolve("done/run.json")));

    // What the driver could not write any more is written now.
    Files.delete(folder.resolve("done/run.json"));
    Files.delete(folder.resolve("done/model.zip"));
    training.run("done", c -> c);
    assertTrue(
        Files.readString(folder.resolve("done/run.json")).contains(first.parametersSha256()));
    assertTrue(Files.exists(folder.resolve("done/model.zip")));
  }

  @Test
  void aResumeWithADifferentConfigurationIsRefusedWithTheDifference() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("4steps")));
    stopAfter(9, "mine", change);
    refuses(change, c -> c.mode(m -> m.virtualWorkers(8)), "virtualWorkers=8 != 4 of the run");
    refuses(change, c -> c.optimization(o -> o.seed(7)), "seed=7 != 42 of the run");
    refuses(change, c -> c.data(d -> d.batchSize(8)), "batchSize=8 != 16 of the run");
    refuses(
        change,
        c -> c.cluster(s -> s.numericProfile("avx2")).optimization(o -> o.clipNorm(1)),
        "clipping=norm(max=1) != none of the run");
    refuses(
        change,
        c -> c.optimization(o -> o.optimizer(o.optimizer().withOptimizer("adamw"))),
        "updates of 0_W=");
    refuses(
        change,
        c -> c.optimization(o -> o.optimizer(o.optimizer().withLearningRateSchedule("cosine"))),
        "updates of 0_W=");
    training =
        training.withData(SyntheticDataset.classes(folder.resolve("other"), List.of(20), 3, 438));
    refuses(change, c -> c, "data=");
  }

  private void refuses(
      UnaryOperator<TrainingConfig.Builder> as,
      UnaryOperator<TrainingConfig.Builder> but,
      String text) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> training.run("mine", c -> but.apply(as.apply(c))));
    assertTrue(refused.getMessage().contains("which has other settings: "), refused.getMessage());
    assertTrue(refused.getMessage().contains(text), refused.getMessage());
    assertTrue(refused.getMessage().contains("--warm-start"), refused.getMessage());
  }

  @Test
  void aWarmStartBeginsANewRunWithTheParametersAndCanBeResumed() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("4steps")));
    stopAfter(9, "warm", change);
    UnaryOperator<TrainingConfig.Builder> other =
        c ->
            change
                .apply(c)
                .data(d -> d.batchSize(8))
                .output(o -> o.existing(ExistingOutput.WARM_START));
    stopAfter(2, "warm", other);
    TrainingResult resumed = training.run("warm", other);
    assertEquals(33, resumed.progress().steps());
    String[] files = folder.resolve("warm").toFile().list();
    assertTrue(Stream.of(files).anyMatch(name -> name.startsWith("before-run-")));

    stopAfter(9, "again", change);
    TrainingResult whole = training.run("again", other);
    assertSame(whole, resumed);
    TrainingResult cold = training.run("cold", c -> change.apply(c).data(d -> d.batchSize(8)));
    assertNotEquals(cold.parametersSha256(), whole.parametersSha256());
  }

  @Test
  void aFailedTaskStartsAnotherAttempt() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("4steps")).keep(1));
    TrainingResult whole =
        training.run(
            "whole", c -> change.apply(c).data(d -> d.augmentation(List.of(new Fails("")))));
    String mark = folder.resolve("mark").toString();
    List<Long> restarted = new ArrayList<>();
    TrainingResult mended =
        training.run(
            "mended",
            c -> change.apply(c).data(d -> d.augmentation(List.of(new Fails(mark)))),
            new TrainingObserver() {
              @Override
              public void restarting(String why, long step) {
                assertTrue(why.contains("for once"), why);
                restarted.add(step);
              }
            });
    assertEquals(1, restarted.size());
    assertEquals(2, mended.progress().attempts());
    assertSame(whole, mended);
    assertTrue(
        mended.progress().notes().get(0).text().startsWith("attempt 1 ended: "),
        mended.progress().notes().toString());
  }

  @Test
  void aTaskThatAlwaysFailsEndsTheRunAfterMaxAttempts() throws IOException {
    List<Long> restarted = new ArrayList<>();
    TrainingException failed =
        assertThrows(
            TrainingException.class,
            () ->
                training.run(
                    "failing",
                    c ->
                        c.checkpoints(s -> s.maxAttempts(3))
                            .data(d -> d.augmentation(List.of(new Fails("always")))),
                    new TrainingObserver() {
                      @Override
                      public void restarting(String why, long step) {
                        restarted.add(step);
                      }
                    }));
    assertEquals(List.of(0L, 0L), restarted);
    assertTrue(
        failed
            .getMessage()
            .contains("; given up after 3 attempts in a row without a new checkpoint"),
        failed.getMessage());
  }

  /** Changes nothing, but fails: never, once, or always. */
  private record Fails(String mark) implements Augmentation {

    @Override
    public void requireFit(TensorSpec features) {}

    @Override
    public void apply(float[] values, int offset, TensorSpec features, RandomSource random) {
      if (mark.equals("always")) {
        throw new IllegalStateException("always");
      }
      try {
        // The first example for which this is drawn fails.
        if (!mark.isEmpty() && random.uniform() < 0.002) {
          Files.createFile(Path.of(mark));
          throw new IllegalStateException("for once");
        }
      } catch (java.nio.file.FileAlreadyExistsException e) {
        return;
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public String toString() {
      return "fails";
    }
  }

  private void sameAsUninterrupted(
      long stop, UnaryOperator<TrainingConfig.Builder> change, int workersBefore, int workersAfter)
      throws IOException {
    int run = runs++;
    TrainingResult whole = training.run("whole-" + run, change);
    String id =
        stopAfter(
            stop, "stopped-" + run, c -> change.apply(c).cluster(s -> s.workers(workersBefore)));
    TrainingResult resumed =
        training.run("stopped-" + run, c -> change.apply(c).cluster(s -> s.workers(workersAfter)));
    assertEquals(id, resumed.run());
    assertTrue(resumed.progress().attempts() >= 2);
    assertSame(whole, resumed);
  }

  /** The outputs of both runs are equal, times apart. */
  private void assertSame(TrainingResult whole, TrainingResult resumed) throws IOException {
    assertEquals(whole.parametersSha256(), resumed.parametersSha256());
    assertEquals(whole.progress().steps(), resumed.progress().steps());
    assertEquals(whole.progress().examples(), resumed.progress().examples());
    assertEquals(
        LongStream.rangeClosed(1, whole.progress().steps()).boxed().toList(),
        resumed.metrics().steps().stream().map(StepMetrics::step).toList());
    for (TrainingResult one : List.of(whole, resumed)) {
      assertEquals(
          one.metrics(),
          MetricsLog.read(
              new org.apache.hadoop.fs.Path(one.out(), RunFolder.METRICS), new Configuration()));
    }
    for (int i = 0; i < whole.progress().steps(); i++) {
      StepMetrics a = whole.metrics().steps().get(i);
      StepMetrics b = resumed.metrics().steps().get(i);
      assertEquals(a.meanLoss(), b.meanLoss(), "loss of step " + a.step());
      assertEquals(a.learningRate(), b.learningRate(), "rate of step " + a.step());
      assertEquals(a.examples(), b.examples());
    }
    assertEquals(whole.metrics().epochs().size(), resumed.metrics().epochs().size());
    for (int i = 0; i < whole.metrics().epochs().size(); i++) {
      EpochMetrics a = whole.metrics().epochs().get(i);
      EpochMetrics b = resumed.metrics().epochs().get(i);
      assertEquals(a.meanLoss(), b.meanLoss());
      assertEquals(a.validationLoss(), b.validationLoss());
      assertEquals(a.step(), b.step());
      assertEquals(a.examples(), b.examples());
    }
    double before = 0;
    for (StepMetrics step : resumed.metrics().steps()) {
      assertFalse(step.elapsedSeconds() < before, "time goes on at step " + step.step());
      before = step.elapsedSeconds();
    }
  }

  /** Stops the driver at a step, as an error of its own would. */
  private String stopAfter(long step, String name, UnaryOperator<TrainingConfig.Builder> change) {
    IllegalStateException stopped =
        assertThrows(
            IllegalStateException.class,
            () ->
                training.run(
                    name,
                    change,
                    new TrainingObserver() {
                      @Override
                      public void step(StepMetrics metrics) {
                        if (metrics.step() == step) {
                          throw new IllegalStateException("stopped");
                        }
                      }
                    }));
    assertEquals("stopped", stopped.getMessage());
    try {
      return new RunFolder(folder.resolve(name).toString(), new Configuration())
          .checkpoints(new Configuration())
          .newestClaim()
          .orElseThrow()
          .run();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
