package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * θ does not depend on the cluster. The cases cover every value and every pair of values of
 * (master, V, model, data, clipping), and one compression and one averaging beside; each case runs
 * on {@code local[1]} and on other masters. Without {@code V6} in its name a case has V = 4. More
 * cases in one JVM: {@code WorkerInvarianceTest}. Executors with the optimizing compiler: {@link
 * LauncherIT}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ClusterInvarianceIT {

  /** 9 global batches of 4 x 16 or 6 of 6 x 16. */
  private static final int WHOLE = 576;

  /** The last step of an epoch is ragged and partly empty. */
  private static final int RAGGED = 437;

  private enum Model {
    /**
     * 784-520-10: a GEMM deeper than OpenBLAS's block of 384, 102 chunks, none of them a block's.
     */
    MLP,
    /** Convolution, batch normalization, pooling, dropout. */
    CNN
  }

  private enum Case {
    MLP_CLIPPED(4, Model.MLP, WHOLE, 0.5, "none"),
    CNN_RAGGED_V6(6, Model.CNN, RAGGED, 0, "none"),
    CNN_RAGGED_CLIPPED(4, Model.CNN, RAGGED, 0.5, "none"),
    MLP_V6(6, Model.MLP, WHOLE, 0, "none"),
    MLP_RAGGED(4, Model.MLP, RAGGED, 0, "none"),
    CNN_CLIPPED_V6(6, Model.CNN, WHOLE, 0.5, "none"),
    CNN_RAGGED_CLIPPED_TOP_K_V6(6, Model.CNN, RAGGED, 0.5, "top-k=0.02"),
    /**
     * As {@link #CNN_RAGGED_CLIPPED}, but averaging every 3 local steps with Nesterov momentum,
     * state averaged too.
     */
    CNN_RAGGED_CLIPPED_AVERAGING(4, Model.CNN, RAGGED, 0.5, "none");

    private final int virtualWorkers;
    private final Model model;
    private final int examples;
    private final double clipNorm;
    private final String compression;

    Case(int virtualWorkers, Model model, int examples, double clipNorm, String compression) {
      this.virtualWorkers = virtualWorkers;
      this.model = model;
      this.examples = examples;
      this.clipNorm = clipNorm;
      this.compression = compression;
    }
  }

  @TempDir private static Path folder;
  private ShardedDataset whole;
  private ShardedDataset ragged;
  private final Map<Case, TrainingResult> onOneCore = new EnumMap<>(Case.class);

  @BeforeAll
  void trainOnOneCore() throws IOException {
    whole = DigitShards.write(folder.resolve("whole"), WHOLE);
    ragged = DigitShards.write(folder.resolve("ragged"), RAGGED);
    try (SparkCluster cluster = SparkCluster.start("local[1]")) {
      for (Case one : Case.values()) {
        TrainingResult result = train(cluster, one, 1, 42);
        assertEquals(0, result.cluster().socketBytes());
        onOneCore.put(one, result);
      }
    }
  }

  @Test
  void differentCasesAndSeedsGiveDifferentModels() throws IOException {
    Set<String> hashes = new HashSet<>();
    onOneCore.values().forEach(result -> hashes.add(result.parametersSha256()));
    try (SparkCluster cluster = SparkCluster.start("local[2]")) {
      hashes.add(train(cluster, Case.MLP_CLIPPED, 0, 43).parametersSha256());
    }
    assertEquals(Case.values().length + 1, hashes.size());
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoLocalCores() {
    return sameBits(
        "local[2]",
        2,
        1,
        Case.MLP_CLIPPED,
        Case.CNN_RAGGED_V6,
        Case.CNN_RAGGED_CLIPPED,
        Case.MLP_V6);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnThreeLocalCores() {
    return sameBits(
        "local[3]",
        3,
        1,
        Case.MLP_CLIPPED,
        Case.CNN_RAGGED_V6,
        Case.MLP_RAGGED,
        Case.CNN_CLIPPED_V6);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoExecutors() {
    String master = "local-cluster[2,1,2048]";
    SparkCluster cluster = SparkCluster.start(master);
    return Stream.concat(
        Stream.of(
            dynamicTest("sameGradientBitsAsInThisJvm", () -> sameGradientBitsAsHere(cluster))),
        sameBits(
            cluster,
            master,
            2,
            2,
            Case.MLP_CLIPPED,
            Case.CNN_RAGGED_V6,
            Case.MLP_RAGGED,
            Case.CNN_CLIPPED_V6,
            Case.CNN_RAGGED_CLIPPED_TOP_K_V6));
  }

  private static void sameGradientBitsAsHere(SparkCluster cluster) {
    GradientProbe.Outcome here = GradientProbe.run();
    List<GradientProbe.Outcome> there = GradientProbe.run(cluster.context(), 2);
    assertEquals(2, there.size());
    Set<String> jvms = new HashSet<>(Set.of(here.jvm()));
    for (GradientProbe.Outcome outcome : there) {
      assertTrue(jvms.add(outcome.jvm()), "two outcomes from one JVM: " + there);
      assertEquals(here.sha256(), outcome.sha256());
      assertEquals(List.of("1", "Haswell", "AVX2"), outcome.profile());
      assertTrue(outcome.backend().endsWith("/lockstep.jar"), outcome.backend());
      assertTrue(outcome.natives().contains("/natives-avx2.jar!/"), outcome.natives());
      assertEquals("dev.lockstep.shaded.flatbuffers.FlatBufferBuilder", outcome.flatbuffers());
    }
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnThreeExecutors() {
    return sameBits(
        "local-cluster[3,1,2048]",
        3,
        3,
        Case.MLP_CLIPPED,
        Case.CNN_RAGGED_V6,
        Case.CNN_RAGGED_CLIPPED,
        Case.MLP_V6);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoExecutorsOfTwoCores() {
    return sameBits(
        "local-cluster[2,2,2048]",
        4,
        2,
        Case.CNN_RAGGED_CLIPPED,
        Case.CNN_RAGGED_CLIPPED_AVERAGING);
  }

  /** One cluster for all cases of a master: starting it takes longer than training. */
  private Stream<DynamicTest> sameBits(String master, int workers, int jvms, Case... cases) {
    return sameBits(SparkCluster.start(master), master, workers, jvms, cases);
  }

  private Stream<DynamicTest> sameBits(
      SparkCluster cluster, String master, int workers, int jvms, Case... cases) {
    return List.of(cases).stream()
        .map(
            one ->
                dynamicTest(
                    master + " " + one.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    () -> {
                      TrainingResult result = train(cluster, one, workers, 42);
                      assertEquals(workers, result.cluster().workers());
                      assertEquals(jvms, result.cluster().servers(), "distinct JVMs");
                      assertEquals(
                          jvms > 1, result.cluster().socketBytes() > 0, "bytes over sockets");
                      TrainingResult reference = onOneCore.get(one);
                      assertEquals(reference.parametersSha256(), result.parametersSha256());
                      assertEquals(
                          reference.metrics().steps().get(3).meanLoss(),
                          result.metrics().steps().get(3).meanLoss());
                      assertTrue(
                          result.parameters().length > 3L * jvms * 4096, "several chunks a server");
                    }))
        .onClose(cluster::close);
  }

  private TrainingResult train(SparkCluster cluster, Case one, int workers, long seed)
      throws IOException {
    boolean averages = one == Case.CNN_RAGGED_CLIPPED_AVERAGING;
    TrainingConfig config =
        TrainingConfig.builder()
            .data(d -> d.batchSize(16))
            .optimization(o -> o.epochs(2).seed(seed).clipNorm(one.clipNorm))
            .mode(
                m ->
                    m.kind(averages ? Mode.AVERAGING : Mode.SYNC)
                        .averaging(
                            averages
                                ? Averaging.every(3).withOuter(Averaging.Outer.NESTEROV)
                                : null)
                        .virtualWorkers(one.virtualWorkers)
                        .gradientCompression(Compression.parse(one.compression)))
            .cluster(c -> c.workers(workers))
            .output(o -> o.folder(folder.resolve("run-" + System.nanoTime()).toString()))
            .build();
    return Lockstep.train(
        cluster.context(),
        one.model == Model.MLP ? mlp() : cnn(),
        one.examples == WHOLE ? whole : ragged,
        config);
  }

  private static MultiLayerConfiguration mlp() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Adam(1e-3))
        .l2(1e-4)
        .activation(Activation.RELU)
        .list()
        .layer(new DenseLayer.Builder().nOut(520).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(10)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.convolutionalFlat(28, 28, 1))
        .build();
  }

  private static MultiLayerConfiguration cnn() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Nesterovs(0.05, 0.9))
        .activation(Activation.RELU)
        .list()
        .layer(new ConvolutionLayer.Builder(5, 5).nOut(8).build())
        .layer(new BatchNormalization())
        .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
        .layer(new ConvolutionLayer.Builder(3, 3).nOut(16).build())
        .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
        .layer(new DenseLayer.Builder().nOut(100).dropOut(0.5).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(10)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.convolutional(28, 28, 1))
        .build();
  }
}
