package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * Runs whose gradients overflow, whose loss grows or whose metrics stop improving end the same way
 * on any number of workers.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NonFiniteGradientTest {

  /** Of least squares on these data: grows some six times a step, and overflows after a while. */
  private static final double MUCH_TOO_FAST = 8;

  /** Grows a little. */
  private static final double TOO_FAST = 5;

  @TempDir private Path folder;
  private ShardedDataset dataset;
  private final Messages messages = new Messages();

  @BeforeEach
  void writeData() throws IOException {
    // Of 437 examples 350 train: 6 steps of 4 x 16 an epoch.
    dataset = SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437);
  }

  @Test
  void aLoweredRateAppliesFromTheCheckpointBeforeTheStepOnAnyNumberOfWorkers() throws IOException {
    TrainingResult one =
        training(MUCH_TOO_FAST).run("one", c -> lowering(c).cluster(s -> s.workers(1)));
    TrainingResult three =
        training(MUCH_TOO_FAST).run("three", c -> lowering(c).cluster(s -> s.workers(3)));
    assertEquals(one.parametersSha256(), three.parametersSha256());
    assertEquals(one.progress().rateCuts(), three.progress().rateCuts());
    assertFalse(one.progress().rateCuts().isEmpty());
    assertEquals(120, one.progress().steps());
    for (float parameter : one.parameters()) {
      assertTrue(Float.isFinite(parameter));
    }
    long from = one.progress().rateCuts().get(0).fromStep();
    assertTrue(from > 0 && from % 4 == 0, one.progress().rateCuts().toString());
    assertEquals(MUCH_TOO_FAST, rate(one, from));
    assertEquals(MUCH_TOO_FAST / 64, rate(one, from + 1));
    assertTrue(
        messages.text().contains("is not finite: the learning rate is multiplied by 0.015625"));
    String record = output(one, "run.json");
    assertTrue(record.contains("\"fromStep\" : " + from), record);
    assertTrue(record.contains("is not finite: the learning rate is multiplied"), record);
    assertTrue(output(one, "report.html").contains("x0.015625 from step " + from));
  }

  @Test
  void aLoweredRateGivesTheModelOfAScheduleThatFallsAtThatStep() throws IOException {
    TrainingResult lowered = training(MUCH_TOO_FAST).run("lowered", this::lowering);
    assertEquals(1, lowered.progress().rateCuts().size());
    int from = (int) lowered.progress().rateCuts().get(0).fromStep();
    ISchedule falls =
        new MapSchedule(ScheduleType.ITERATION, Map.of(0, MUCH_TOO_FAST, from, MUCH_TOO_FAST / 64));
    TrainingResult scheduled =
        training(new Sgd(falls)).run("scheduled", c -> c.optimization(o -> o.epochs(20)));
    assertEquals(scheduled.parametersSha256(), lowered.parametersSha256());
  }

  @Test
  void runsStoppedAfterARateCutResumeToTheSameModel() throws IOException {
    TrainingResult whole = training(MUCH_TOO_FAST).run("whole", this::lowering);
    long from = whole.progress().rateCuts().get(0).fromStep();
    // Before the step that overflows, just after going back, and later.
    for (long stop : new long[] {from - 1, from + 2, from + 30}) {
      messages.failAfter = stop;
      messages.failOnlyOnceLowered = stop > from;
      assertThrows(
          Stopped.class,
          () ->
              training(MUCH_TOO_FAST)
                  .run("stopped-" + stop, c -> lowering(c).cluster(s -> s.workers(3))));
      messages.failAfter = -1;
      TrainingResult resumed =
          training(MUCH_TOO_FAST)
              .run("stopped-" + stop, c -> lowering(c).cluster(s -> s.workers(1)));
      assertEquals(whole.parametersSha256(), resumed.parametersSha256(), "stopped at " + stop);
      assertEquals(whole.progress().rateCuts(), resumed.progress().rateCuts());
      assertEquals(rates(whole), rates(resumed));
    }
  }

  @Test
  void aRunThatNoLowerRateHelpsFailsWithAClearMessage() throws IOException {
    dataset = SyntheticDataset.withHugeExample(folder.resolve("huge"), 20, 3, 437, 77);
    TrainingException ended =
        assertThrows(
            TrainingException.class,
            () ->
                training(0.01)
                    .run(
                        "hopeless",
                        c ->
                            lowering(c)
                                .optimization(o -> o.epochs(1))
                                .data(d -> d.validationFraction(0))));
    String message = ended.getMessage();
    assertTrue(message.contains("the learning rate was lowered 8 times already (x0.0"), message);
    assertTrue(message.contains("look at the data of that step"), message);
  }

  @Test
  void aRunThatStopsNamesItsLastGoodCheckpointAndResumesFromItAtALowerRate() throws IOException {
    TrainingException stopped =
        assertThrows(
            TrainingException.class,
            () ->
                training(MUCH_TOO_FAST)
                    .run(
                        "stops",
                        c ->
                            c.optimization(o -> o.epochs(20)).checkpoints(s -> s.every(every4()))));
    String message = stopped.getMessage();
    assertTrue(message.matches("(?s).*step \\d+: the gradient of virtual worker \\d.*"), message);
    assertTrue(
        message.matches(
            "(?s).*the last good checkpoint is of step \\d+ in file:\\S*/stops/checkpoints: start"
                + " from it with --warm-start and a lower learning rate \\(--optimizer\\).*"),
        message);
    IllegalArgumentException other =
        assertThrows(
            IllegalArgumentException.class,
            () -> {
              messages.failAfter = 2;
              assertThrows(
                  Stopped.class, () -> training(MUCH_TOO_FAST).run("lower", this::lowering));
              messages.failAfter = -1;
              training(MUCH_TOO_FAST)
                  .run(
                      "lower",
                      c ->
                          lowering(c)
                              .checkpoints(s -> s.every(CheckpointInterval.parse("6steps"))));
            });
    assertTrue(
        other.getMessage().contains("checkpointEvery=6steps != 4steps of the run"),
        other.getMessage());
    assertEquals(
        training(MUCH_TOO_FAST).run("lower", this::lowering).parametersSha256(),
        training(MUCH_TOO_FAST).run("stops", this::lowering).parametersSha256());
    TrainingException early =
        assertThrows(
            TrainingException.class,
            () -> training(MUCH_TOO_FAST).run("none", c -> c.optimization(o -> o.epochs(20))));
    assertTrue(early.getMessage().contains("there is no complete checkpoint yet"));
  }

  @Test
  void aDivergingRunWarns() throws IOException {
    TrainingResult result =
        training(TOO_FAST).run("diverges", c -> c.optimization(o -> o.epochs(3)));
    String expected = "the run diverges: the training loss of epoch 2 is ";
    assertTrue(messages.text().contains(expected), messages.text());
    assertTrue(output(result, "run.json").contains(expected));
    assertTrue(output(result, "report.html").contains(expected));
    assertEquals(1, messages.lines.stream().filter(line -> line.contains("diverges")).count());
    messages.lines.clear();
    training(0.1).run("converges", c -> c.optimization(o -> o.epochs(3)));
    assertFalse(messages.text().contains("diverges"), messages.text());
  }

  @Test
  void earlyStoppingEndsAtTheEpochThatTheMetricsDecideWithTheModelOfThatManyEpochs()
      throws IOException {
    EarlyStopping stopping = EarlyStopping.parse("loss:patience=2,min-delta=0.02");
    TrainingResult full = training(0.1).run("full", c -> c.optimization(o -> o.epochs(20)));
    int end = endOf(stopping, full);
    assertTrue(end > 3 && end < 20, "ends after " + end);
    TrainingResult same = training(0.1).run("same", c -> c.optimization(o -> o.epochs(end)));
    for (int workers : new int[] {1, 3}) {
      TrainingResult result =
          training(0.1)
              .run(
                  "w" + workers,
                  c ->
                      c.optimization(o -> o.epochs(20).earlyStopping(stopping))
                          .cluster(s -> s.workers(workers)));
      assertEquals(end, result.metrics().epochs().size());
      assertEquals(same.parametersSha256(), result.parametersSha256());
      assertNotEquals(full.parametersSha256(), result.parametersSha256());
      assertEquals(end, result.model().epochs());
      assertEquals(6L * end, result.model().iterations());
      String reason = result.progress().endedEarly().orElseThrow();
      assertTrue(
          reason.startsWith("validation loss has not got better by more than 0.02 for 2 epochs"),
          reason);
      assertTrue(output(result, "run.json").contains("\"stoppedEarly\" : \"" + reason));
      assertTrue(output(result, "report.html").contains("stopped early"));
      assertTrue(messages.text().contains("ends after epoch " + end + ": " + reason));
    }
    assertTrue(same.progress().endedEarly().isEmpty());
    assertFalse(output(same, "run.json").contains("stoppedEarly"));
  }

  @Test
  void anEarlyStopIsTheSameAfterAResumeAndTheRunIsThenComplete() throws IOException {
    EarlyStopping stopping = EarlyStopping.parse("loss:patience=2,min-delta=0.02");
    UnaryOperator<TrainingConfig.Builder> change =
        c ->
            c.optimization(o -> o.epochs(20).earlyStopping(stopping))
                .checkpoints(s -> s.keepBest(dev.lockstep.ps.schedule.Plateau.Metric.LOSS));
    TrainingResult whole = training(0.1).run("whole", change);
    for (long stop :
        new long[] {
          whole.progress().steps() - 8, whole.progress().steps() - 1, whole.progress().steps()
        }) {
      messages.failAfter = stop;
      assertThrows(
          Stopped.class,
          () -> training(0.1).run("at-" + stop, c -> change.apply(c).cluster(s -> s.workers(3))));
      messages.failAfter = -1;
      TrainingResult resumed =
          training(0.1).run("at-" + stop, c -> change.apply(c).cluster(s -> s.workers(1)));
      assertEquals(whole.parametersSha256(), resumed.parametersSha256(), "stopped at " + stop);
      assertEquals(whole.progress().endedEarly(), resumed.progress().endedEarly());
    }
    messages.lines.clear();
    TrainingResult again = training(0.1).run("whole", change);
    assertEquals(whole.parametersSha256(), again.parametersSha256());
    assertEquals(whole.progress().endedEarly(), again.progress().endedEarly());
    assertTrue(
        messages
            .text()
            .contains("is complete: " + whole.progress().steps() + " steps: validation loss"));
    TrainingResult further = training(0.1).run("whole", c -> c.optimization(o -> o.epochs(20)));
    assertEquals(120, further.progress().steps());
    assertEquals(
        training(0.1).run("straight", c -> c.optimization(o -> o.epochs(20))).parametersSha256(),
        further.parametersSha256());
  }

  @Test
  void earlyStoppingWithoutValidationDataIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                training(0.1)
                    .run(
                        "blind",
                        c ->
                            c.data(d -> d.validationFraction(0))
                                .optimization(o -> o.earlyStopping(EarlyStopping.parse("loss")))));
    assertEquals(
        "earlyStopping=loss:patience=3,min-delta=0.0,after=0 without validation data"
            + " (validationFraction=0.0): keep a part of the examples with --validation-fraction",
        refused.getMessage());
  }

  private static int endOf(EarlyStopping stopping, TrainingResult full) {
    List<Double> losses =
        full.metrics().epochs().stream().map(EpochMetrics::validationLoss).toList();
    int epochs = 1;
    while (stopping.reasonToStop(losses.subList(0, epochs)).isEmpty()) {
      epochs++;
    }
    return epochs;
  }

  private TrainingConfig.Builder lowering(TrainingConfig.Builder config) {
    return config
        .optimization(o -> o.epochs(20).onNonFinite(NonFinitePolicy.lower(1.0 / 64)))
        .checkpoints(s -> s.every(every4()));
  }

  private static CheckpointInterval every4() {
    return CheckpointInterval.parse("4steps");
  }

  private static double rate(TrainingResult result, long stepsTaken) {
    return result.metrics().steps().get((int) stepsTaken - 1).learningRate();
  }

  private static List<Double> rates(TrainingResult result) {
    return result.metrics().steps().stream().map(StepMetrics::learningRate).toList();
  }

  private static String output(TrainingResult result, String file) throws IOException {
    return Files.readString(Path.of(URI.create(result.out())).resolve(file));
  }

  /** Stops the driver, as an error of its own would. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Records the messages, and stops the run at a step. */
  private static final class Messages implements TrainingObserver {
    private final List<String> lines = new ArrayList<>();
    private long failAfter = -1;
    private boolean failOnlyOnceLowered;
    private boolean lowered;

    @Override
    public void starting(String description) {
      lines.add(description);
      lowered = false;
    }

    @Override
    public void warning(String text) {
      lines.add(text);
    }

    @Override
    public void restarting(String why, long step) {
      lines.add(why);
      lowered = true;
    }

    @Override
    public void endsEarly(int epoch, String reason) {
      lines.add("ends after epoch " + epoch + ": " + reason);
    }

    @Override
    public void step(StepMetrics metrics) {
      if (metrics.step() == failAfter && (lowered || !failOnlyOnceLowered)) {
        throw new Stopped();
      }
    }

    String text() {
      return String.join("\n", lines);
    }
  }

  private TestTraining training(double rate) {
    return training(new Sgd(rate));
  }

  private TestTraining training(Sgd updater) {
    ModelDefinition model =
        ModelDefinition.of(
            new NeuralNetConfiguration.Builder()
                .updater(updater)
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(20)
                        .nOut(3)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    return new TestTraining(folder, dataset, InitialModel.fresh(model), messages, c -> c);
  }
}
