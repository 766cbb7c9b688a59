package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/**
 * From Java, with DL4J's own data: an unsupported model is refused before a Spark job starts and
 * before anything is written.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedBeforeStartTest {

  @TempDir private Path folder;
  private final AtomicInteger jobs = new AtomicInteger();
  private JavaSparkContext spark;

  @BeforeAll
  void start() {
    spark = LocalSpark.shared();
    spark
        .sc()
        .addSparkListener(
            new SparkListener() {
              @Override
              public void onJobStart(SparkListenerJobStart start) {
                jobs.incrementAndGet();
              }
            });
  }

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder().updater(new Sgd(0.1)).activation(Activation.TANH);
  }

  private static DenseLayer.Builder dense() {
    return new DenseLayer.Builder().nIn(3).nOut(4);
  }

  private static MultiLayerConfiguration model(
      NeuralNetConfiguration.Builder builder, Layer first, ILossFunction loss) {
    return builder
        .list()
        .layer(first)
        .layer(new OutputLayer.Builder(loss).nIn(4).nOut(2).activation(Activation.SOFTMAX).build())
        .build();
  }

  private static MultiLayerConfiguration model(Layer first) {
    return model(builder(), first, new LossMCXENT());
  }

  static Stream<Arguments> unsupported() {
    MultiLayerConfiguration truncated = model(dense().build());
    truncated.setBackpropType(BackpropType.TruncatedBPTT);
    return Stream.of(
        arguments(
            truncated,
            "backpropType=TruncatedBPTT is not supported: use BackpropType.Standard on shorter"
                + " sequences"),
        arguments(
            model(dense().constrainWeights(new MaxNormConstraint(1.0, 1)).build()),
            "layer 0: constraints are not supported: remove them, or use l2 or weightDecay"),
        arguments(
            model(new AutoEncoder.Builder().nIn(3).nOut(4).build()),
            "layer 0: AutoEncoder is trained layer by layer (pretrain), which is not supported:"
                + " train it with DL4J and carry its weights over, or use a DenseLayer"),
        arguments(
            model(
                builder().optimizationAlgo(OptimizationAlgorithm.LBFGS),
                dense().build(),
                new LossMCXENT()),
            "layer 0: optimizationAlgo=LBFGS is not supported: use STOCHASTIC_GRADIENT_DESCENT with"
                + " an updater"),
        arguments(
            model(new FrozenLayer(dense().updater(new Sgd(0.1)).build())),
            "layer 0: frozen layers are not supported: remove FrozenLayer"),
        arguments(
            model(builder(), dense().build(), new LossFMeasure()),
            "layer 1: LossFMeasure couples the examples of a batch, with virtualWorkers=4 > 1 it"
                + " would be another loss: use LossBinaryXENT or --virtual-workers 1"));
  }

  @ParameterizedTest
  @MethodSource
  void unsupported(MultiLayerConfiguration model, String reason) throws Exception {
    Path out = folder.resolve("unsupported");
    int before = jobsStarted();
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> train(model, data(3, 2, 1f), out));
    assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    assertEquals(before, jobsStarted());
    assertFalse(Files.exists(out));
  }

  @Test
  void dataThatDoNotFitTheModelAreNotLeftBehind() throws Exception {
    Path out = folder.resolve("misfit");
    IllegalArgumentException features =
        assertThrows(
            IllegalArgumentException.class,
            () -> train(model(dense().build()), data(5, 2, 1f), out));
    assertTrue(
        features
            .getMessage()
            .contains("takes 3 values per example, but tensor features has shape=[5] (5 values)"),
        features.getMessage());
    assertFalse(Files.exists(out.resolve("data")));

    InvalidDataException nan =
        assertThrows(
            InvalidDataException.class,
            () -> train(model(dense().build()), data(3, 2, Float.NaN), out));
    assertEquals(
        "example 0: tensor features: value[2]=NaN is not a finite number: remove or replace it",
        nan.getMessage());
    InvalidDataException empty =
        assertThrows(
            InvalidDataException.class, () -> train(model(dense().build()), spark.emptyRDD(), out));
    assertTrue(empty.getMessage().endsWith("is empty"), empty.getMessage());
    assertFalse(Files.exists(out.resolve("data")));

    train(model(dense().build()), data(3, 2, 1f), out);
    assertTrue(Files.exists(out.resolve("run.json")));
    assertTrue(Files.exists(out.resolve("data/manifest.json")));
  }

  private int jobsStarted() throws Exception {
    spark.sc().listenerBus().waitUntilEmpty();
    return jobs.get();
  }

  private TrainingResult train(MultiLayerConfiguration model, JavaRDD<DataSet> data, Path out)
      throws Exception {
    return Lockstep.train(
        spark,
        model,
        data,
        TrainingConfig.builder().output(o -> o.folder(out.toUri().toString())).build());
  }

  private JavaRDD<DataSet> data(int features, int classes, float last) {
    float[] values = new float[features];
    values[features - 1] = last;
    float[] label = new float[classes];
    label[0] = 1;
    return spark.parallelize(
        List.of(
            new DataSet(Nd4j.create(new float[][] {values}), Nd4j.create(new float[][] {label}))));
  }
}
