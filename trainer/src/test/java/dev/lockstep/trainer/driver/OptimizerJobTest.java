package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainings whose optimizer, schedule or plateau is given by their settings. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OptimizerJobTest {

  /** Only a loss of a tenth counts as better: every epoch after the first is a bad one. */
  private static final String EAGER = "factor=0.5,patience=0,threshold=0.9";

  @TempDir private Path folder;
  private final List<String> announced = new ArrayList<>();
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    TrainingObserver observer =
        new TrainingObserver() {
          @Override
          public void starting(String text) {
            announced.add(text);
          }
        };
    training =
        TestTraining.of(
                folder,
                SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
                "mlp:20",
                c -> c.optimization(o -> o.epochs(4)))
            .observedBy(observer);
  }

  @Test
  void aPlateauReducesTheRateAfterEveryBadEpoch() throws IOException {
    TrainingResult two =
        training.run(2, c -> c.optimization(o -> o.optimizer(o.optimizer().withPlateau(EAGER))));
    double[] scales = {1, 1, 0.5, 0.25};
    for (StepMetrics step : two.metrics().steps()) {
      assertEquals(1e-3 * scales[step.epoch()], step.learningRate(), 1e-12, step.toString());
    }
    assertEquals(two.progress().steps(), two.metrics().steps().size());
    assertNotEquals(two.parametersSha256(), training.run(2, c -> c).parametersSha256());
    String report = Files.readString(out(two).resolve("report.html"));
    assertTrue(report.contains("Learning rate"), "the report shows the rate's curve");
  }

  @Test
  void anOptimizerOfTheConfigurationReplacesTheModelsUpdaters() throws Exception {
    UnaryOperator<TrainingConfig.Builder> adamW =
        c ->
            c.optimization(
                o ->
                    o.optimizer(
                        o.optimizer()
                            .withOptimizer("adamw(lr=0.01)")
                            .withLearningRateSchedule("linear(5steps, from=0.1) > cosine")));
    TrainingResult two = training.run(2, adamW);
    assertEquals(0.001, two.metrics().steps().get(0).learningRate(), 1e-12);
    assertEquals(0.01, two.metrics().steps().get(5).learningRate(), 1e-12);
    assertTrue(
        announced.get(0).contains("optimizer adamw(lr=0.01) in place of the model's updaters"),
        announced.get(0));

    MultiLayerNetwork network =
        ModelSerializer.restoreMultiLayerNetwork(out(two).resolve("model.zip").toFile(), true);
    assertArrayEquals(
        new float[2 * (int) network.numParams()],
        network.getUpdater().getStateViewArray().toFloatVector(),
        "state of the model's own updater is fresh");
    assertEquals(
        "fresh",
        new ObjectMapper()
            .readTree(out(two).resolve("run.json").toFile())
            .at("/model/updaterState")
            .asText());
  }

  @Test
  void theUpdaterStateOfASavedModelIsNotUsedByAnotherOptimizer() throws IOException {
    Path zip = out(training.run(2, c -> c)).resolve("model.zip");
    InitialModel saved;
    try (InputStream in = Files.newInputStream(zip)) {
      saved = InitialModel.read(in, zip.toString());
    }
    announced.clear();
    TrainingResult result =
        training
            .withModel(saved)
            .run(2, c -> c.optimization(o -> o.optimizer(o.optimizer().withOptimizer("sgd"))));
    assertEquals(1e-3, result.metrics().steps().get(0).learningRate(), 1e-12);
    assertTrue(
        announced.get(0).contains("; the updater state that was saved with the model is not used"),
        announced.get(0));
  }

  private static Path out(TrainingResult result) {
    return Path.of(URI.create(result.out()));
  }
}
