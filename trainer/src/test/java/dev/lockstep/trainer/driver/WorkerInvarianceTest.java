package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.GaussianNoise;
import dev.lockstep.sharding.augment.RandomCrop;
import dev.lockstep.sharding.augment.RandomFlip;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The table of the promise that the trained bits do not depend on the number of workers: a row for
 * each mode, compression, optimizer, order and model, trained by one worker and by three, of which
 * one plays two virtual workers. Clusters of several JVMs: {@code ClusterInvarianceIT}.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkerInvarianceTest {

  private static final int FEATURES = 20;
  private static final int CLASSES = 3;

  @TempDir private Path folder;
  private TestTraining mlp;

  /** Hash of the parameters to the first row that gave them. */
  private final Map<String, String> rowsByHash = new LinkedHashMap<>();

  @BeforeEach
  void writeData() throws IOException {
    // Of 437 examples 350 train: 6 steps of 4 x 16, the last ragged.
    ShardedDataset dataset =
        SyntheticDataset.classes(folder.resolve("data"), List.of(FEATURES), CLASSES, 437);
    mlp = TestTraining.of(folder, dataset, "mlp:200,40", c -> c.optimization(o -> o.epochs(2)));
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnAnyNumberOfWorkers() throws IOException {
    ShardedDataset hugeExample =
        SyntheticDataset.withHugeExample(folder.resolve("huge"), FEATURES, CLASSES, 200, 77);
    ShardedDataset images =
        SyntheticDataset.classes(folder.resolve("images"), List.of(1, 6, 6), CLASSES, 237);
    return Stream.of(
        row("sync", mlp, c -> c, 2, 3, 4),
        row("sync, six virtual workers", mlp, c -> c.mode(m -> m.virtualWorkers(6))),
        row("sync, clipped by the global norm", mlp, c -> c.optimization(o -> o.clipNorm(1))),
        row(
            "sync, two accumulated micro-batches",
            mlp,
            c -> c.data(d -> d.batchSize(8)).mode(m -> m.accumulate(2))),
        row("sync, bfloat16", mlp, compressed("bfloat16")),
        row("sync, float16", mlp, compressed("float16")),
        row("sync, top-k", mlp, compressed("top-k=0.1")),
        row("sync, threshold", mlp, compressed("threshold=2e-3")),
        row("sync, adamw with a schedule", mlp, WorkerInvarianceTest::scheduledAdamW),
        row("sync, lamb", mlp, WorkerInvarianceTest::lamb),
        row("sync, lamb, top-k", mlp, c -> lamb(compressed("top-k=0.1").apply(c))),
        row("sync, plateau", mlp, c -> plateau(c.optimization(o -> o.epochs(4)))),
        row("averaging, optimizer state averaged", mlp, averaging(Averaging.every(3))),
        row(
            "averaging, optimizer state kept",
            mlp,
            averaging(Averaging.every(2).withLocalState(Averaging.LocalState.KEPT))),
        row(
            "averaging, Nesterov outside, clipped",
            mlp,
            c ->
                averaging(Averaging.every(4).withOuter(Averaging.Outer.NESTEROV))
                    .apply(c.optimization(o -> o.clipNorm(1))),
            2,
            3),
        row("averaging, lamb", mlp, c -> lamb(averaging(Averaging.every(2)).apply(c))),
        row(
            "averaging, plateau",
            mlp,
            c -> plateau(averaging(Averaging.every(2)).apply(c.optimization(o -> o.epochs(4))))),
        row(
            "averaging from step 7",
            mlp,
            averaging(Averaging.every(4).withFrom(RunPoint.parse("7")))),
        row(
            "ssp without staleness: the bits of sync",
            mlp,
            c -> c.mode(m -> m.kind(Mode.SSP).staleness(0).overlapDepth(1))),
        row(
            "sync, steps with infinite gradients skipped",
            mlp.withData(hugeExample).withModel("linear"),
            c ->
                c.optimization(o -> o.onNonFinite(NonFinitePolicy.SKIP))
                    .data(d -> d.validationFraction(0))),
        row(
            "sync, a graph of two branches",
            mlp.withModel(InitialModel.fresh(ModelDefinition.of(branches()))),
            c -> c.data(d -> d.validationFraction(0))),
        row(
            "sync, augmented images in full shuffle",
            mlp.withData(images).withModel("mlp:12"),
            c ->
                c.mode(m -> m.virtualWorkers(3))
                    .order(o -> o.shuffle(Shuffle.Kind.FULL).memory(ByteSize.mebibytes(1)))
                    .data(
                        d ->
                            d.augmentation(
                                List.of(
                                    new RandomFlip(),
                                    new RandomCrop(1),
                                    new GaussianNoise(0.1))))));
  }

  private DynamicTest row(
      String name, TestTraining training, UnaryOperator<TrainingConfig.Builder> change) {
    return row(name, training, change, 3);
  }

  private DynamicTest row(
      String name,
      TestTraining training,
      UnaryOperator<TrainingConfig.Builder> change,
      int... workers) {
    return dynamicTest(
        name,
        () -> {
          TrainingResult one = training.run(1, change);
          assertEquals(1, one.cluster().workers());
          assertEquals(one.progress().steps(), one.metrics().steps().size(), "one entry a step");
          for (int w : workers) {
            TrainingResult other = training.run(w, change);
            assertEquals(w, other.cluster().workers());
            assertSameRun(one, other);
          }
          String same = rowsByHash.putIfAbsent(one.parametersSha256(), name);
          assertEquals(name.endsWith("bits of sync") ? "sync" : null, same, "rows of equal bits");
        });
  }

  private static void assertSameRun(TrainingResult one, TrainingResult other) {
    String workers = other.cluster().workers() + " workers";
    assertEquals(one.parametersSha256(), other.parametersSha256(), workers);
    assertEquals(losses(one), losses(other), workers);
    assertEquals(
        one.metrics().epochs().stream().map(EpochMetrics::validationLoss).toList(),
        other.metrics().epochs().stream().map(EpochMetrics::validationLoss).toList(),
        workers);
    assertEquals(
        one.metrics().steps().stream().map(StepMetrics::learningRate).toList(),
        other.metrics().steps().stream().map(StepMetrics::learningRate).toList(),
        workers);
    assertTrue(
        one.metrics().lastEpoch().meanLoss() < one.metrics().epochs().get(0).meanLoss(),
        "the loss falls");
  }

  private static List<Double> losses(TrainingResult result) {
    return result.metrics().steps().stream().map(StepMetrics::meanLoss).toList();
  }

  private static UnaryOperator<TrainingConfig.Builder> compressed(String compression) {
    return c -> c.mode(m -> m.gradientCompression(Compression.parse(compression)));
  }

  private static UnaryOperator<TrainingConfig.Builder> averaging(Averaging averaging) {
    return c -> c.mode(m -> m.kind(Mode.AVERAGING).averaging(averaging));
  }

  private static TrainingConfig.Builder scheduledAdamW(TrainingConfig.Builder config) {
    return config.optimization(
        o ->
            o.optimizer(
                o.optimizer()
                    .withOptimizer("adamw(lr=0.01)")
                    .withLearningRateSchedule("linear(5steps, from=0.1) > cosine")));
  }

  private static TrainingConfig.Builder lamb(TrainingConfig.Builder config) {
    return config.optimization(o -> o.optimizer(o.optimizer().withOptimizer("lamb(lr=0.01)")));
  }

  /** Every epoch after the first is a bad one. */
  private static TrainingConfig.Builder plateau(TrainingConfig.Builder config) {
    return config.optimization(
        o -> o.optimizer(o.optimizer().withPlateau("factor=0.5,patience=0,threshold=0.9")));
  }

  private static ComputationGraphConfiguration branches() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Nesterovs(0.05, 0.9))
        .activation(Activation.TANH)
        .l2(1e-3)
        .graphBuilder()
        .addInputs("in")
        .addLayer("wide", new DenseLayer.Builder().nOut(20).build(), "in")
        .addLayer("narrow", new DenseLayer.Builder().nOut(4).build(), "in")
        .addVertex("both", new MergeVertex(), "wide", "narrow")
        .addLayer(
            "out",
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build(),
            "both")
        .setOutputs("out")
        .setInputTypes(InputType.feedForward(FEATURES))
        .build();
  }
}
