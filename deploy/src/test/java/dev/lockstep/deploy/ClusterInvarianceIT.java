package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
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
 * The promise: θ does not depend on the cluster. The cases cover every value and every pair of
 * values of (master, V, model, data, clipping); each case runs on {@code local[1]} and on others.
 * One more is compressed.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ClusterInvarianceIT {

  /** 576 = 9 global batches of 4 x 16 = 6 of 6 x 16; 437 leaves a ragged and partly empty step. */
  private static final int DENSE = 576;

  private static final int RAGGED = 437;

  private enum Model {
    /**
     * 784-520-10: a GEMM deeper than OpenBLAS's block of 384, 102 chunks, none of them a block's.
     */
    MLP,
    /** Convolution, batch normalisation, pooling, dropout. */
    CNN
  }

  private enum Case {
    A(4, Model.MLP, DENSE, 0.5, "none"),
    B(6, Model.CNN, RAGGED, 0, "none"),
    C(4, Model.CNN, RAGGED, 0.5, "none"),
    D(6, Model.MLP, DENSE, 0, "none"),
    E(4, Model.MLP, RAGGED, 0, "none"),
    F(6, Model.CNN, DENSE, 0.5, "none"),
    G(6, Model.CNN, RAGGED, 0.5, "top-k=0.02"),
    /** As C, but averaging every 3 local steps with Nesterov momentum, state averaged too. */
    DILOCO(4, Model.CNN, RAGGED, 0.5, "none");

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
  private ShardedDataset dense;
  private ShardedDataset ragged;
  private final Map<Case, TrainingResult> onOneCore = new EnumMap<>(Case.class);

  @BeforeAll
  void trainOnOneCore() throws IOException {
    dense = DigitShards.write(folder.resolve("dense"), DENSE);
    ragged = DigitShards.write(folder.resolve("ragged"), RAGGED);
    try (SparkCluster cluster = SparkCluster.start("local[1]")) {
      for (Case one : Case.values()) {
        TrainingResult result = train(cluster, one, 1, 42);
        assertEquals(0, result.socketBytes());
        onOneCore.put(one, result);
      }
    }
  }

  @Test
  void differentCasesAndSeedsGiveDifferentModels() throws IOException {
    Set<String> hashes = new HashSet<>();
    onOneCore.values().forEach(result -> hashes.add(result.parametersSha256()));
    try (SparkCluster cluster = SparkCluster.start("local[2]")) {
      hashes.add(train(cluster, Case.A, 0, 43).parametersSha256());
    }
    assertEquals(Case.values().length + 1, hashes.size());
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoLocalCores() {
    return sameBits("local[2]", 2, 1, Case.A, Case.B, Case.C, Case.D);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnThreeLocalCores() {
    return sameBits("local[3]", 3, 1, Case.A, Case.B, Case.E, Case.F);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoExecutors() {
    return sameBits("local-cluster[2,1,2048]", 2, 2, Case.A, Case.B, Case.E, Case.F, Case.G);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnThreeExecutors() {
    return sameBits("local-cluster[3,1,2048]", 3, 3, Case.A, Case.B, Case.C, Case.D);
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnTwoExecutorsOfTwoCores() {
    return sameBits("local-cluster[2,2,2048]", 4, 2, Case.C, Case.DILOCO);
  }

  /** One cluster for all cases of a master: starting it takes longer than training. */
  private Stream<DynamicTest> sameBits(String master, int workers, int jvms, Case... cases) {
    SparkCluster cluster = SparkCluster.start(master);
    return List.of(cases).stream()
        .map(
            one ->
                dynamicTest(
                    master + " " + one.name().toLowerCase(Locale.ROOT),
                    () -> {
                      TrainingResult result = train(cluster, one, workers, 42);
                      assertEquals(workers, result.workers());
                      assertEquals(jvms, result.servers(), "distinct JVMs");
                      assertEquals(jvms > 1, result.socketBytes() > 0, "bytes over sockets");
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
    boolean averages = one == Case.DILOCO;
    TrainingConfig config =
        TrainingConfig.builder()
            .mode(averages ? TrainingConfig.Mode.AVERAGING : TrainingConfig.Mode.SYNC)
            .averaging(averages ? Averaging.every(3).withOuter(Averaging.Outer.NESTEROV) : null)
            .epochs(2)
            .batchSize(16)
            .virtualWorkers(one.virtualWorkers)
            .workers(workers)
            .seed(seed)
            .clipNorm(one.clipNorm)
            .compression(Compression.parse(one.compression))
            .out(folder.resolve("run-" + System.nanoTime()).toString())
            .build();
    return Lockstep.train(
        cluster.context(),
        one.model == Model.MLP ? mlp() : cnn(),
        one.examples == DENSE ? dense : ragged,
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
