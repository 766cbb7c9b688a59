package dev.lockstep.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.augment.GaussianNoise;
import dev.lockstep.sharding.augment.RandomCrop;
import dev.lockstep.sharding.augment.RandomFlip;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.SyntheticDataset;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Full shuffles and augmentation through the barrier stage. */
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OrderedTrainingTest {

  private static final List<Augmentation> ALL =
      List.of(new RandomFlip(), new RandomCrop(1), new GaussianNoise(0.1));

  @TempDir private Path folder;
  private ShardedDataset images;

  private final JavaSparkContext spark = LocalSpark.shared();

  @BeforeEach
  void writeImages() throws IOException {
    images = SyntheticDataset.classes(folder.resolve("data"), List.of(1, 6, 6), 3, 237);
  }

  @Test
  void sameBitsOnAnyNumberOfWorkersAndInAnyAmountOfMemoryAndPlainDl4jOnTheSameBatches()
      throws IOException {
    TrainingConfig config = config("one", ALL);
    TrainingConfig others =
        config("others", ALL).toBuilder()
            .order(o -> o.memory(ByteSize.mebibytes(300)))
            .cluster(c -> c.workers(2))
            .build();
    TrainingResult two;

    two = Lockstep.train(spark, network(), images, others);
    assertEquals(2, two.cluster().workers());

    TrainingResult one = Lockstep.train(spark, network(), images, config);
    assertEquals(one.parametersSha256(), two.parametersSha256());
    TrainingResult plain = Lockstep.train(spark, network(), images, config("plain", List.of()));
    assertNotEquals(one.parametersSha256(), plain.parametersSha256());

    MultiLayerNetwork fit = new MultiLayerNetwork(network());
    float[] theta =
        BuiltModel.of(ModelDefinition.of(network()), config.optimization().seed())
            .initialParameters();
    fit.init(Nd4j.createFromArray(theta).reshape(1, theta.length), true);
    InitialModel model = InitialModel.fresh(ModelDefinition.of(network()));
    for (int epoch = 0; epoch < config.optimization().epochs(); epoch++) {
      try (GlobalBatches batches = Lockstep.globalBatches(spark, model, images, config, epoch)) {
        batches.forEachRemaining(fit::fit);
      }
    }
    INDArray trained = one.model().network().params();
    double error =
        trained.sub(fit.params()).norm2Number().doubleValue()
            / fit.params().norm2Number().doubleValue();
    assertTrue(error <= 1e-5, "relative error of parameters " + error);

    try (GlobalBatches changed = Lockstep.validationBatches(spark, model, images, config);
        GlobalBatches stored =
            Lockstep.validationBatches(spark, model, images, config("x", List.of()))) {
      while (stored.hasNext()) {
        assertEquals(stored.next().getFeatures(), changed.next().getFeatures());
      }
    }

    String record = Files.readString(folder.resolve("one/run.json"));
    assertEquals(
        "[\"flip\",\"crop:1\",\"noise:0.1\"]",
        new ObjectMapper().readTree(record).at("/config/data/augmentation").toString());
    assertEquals("full", new ObjectMapper().readTree(record).at("/config/order/shuffle").asText());
  }

  @Test
  void whatDoesNotFitTheImagesIsRefusedBeforeAnyJob() {

    TrainingConfig config = config("refused", List.of(new RandomCrop(6)));
    assertEquals(
        "augmentation=crop:6 with tensor features of shape=[1, 6, 6]: 6 >= 6 pixels could move"
            + " the whole image out of sight; lower it",
        assertThrows(
                IllegalArgumentException.class,
                () -> Lockstep.train(spark, network(), images, config))
            .getMessage());
  }

  private TrainingConfig config(String out, List<Augmentation> augmentation) {
    return TrainingConfig.builder()
        .optimization(o -> o.epochs(2))
        .data(d -> d.batchSize(8).validationFraction(0.2).augmentation(augmentation))
        .mode(m -> m.virtualWorkers(3))
        .cluster(c -> c.workers(1))
        .order(o -> o.shuffle(Shuffle.Kind.FULL).memory(ByteSize.mebibytes(1)))
        .output(o -> o.folder(folder.resolve(out).toString()))
        .build();
  }

  private static MultiLayerConfiguration network() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Nesterovs(0.05, 0.9))
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nOut(12).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.convolutional(6, 6, 1))
        .build();
  }
}
