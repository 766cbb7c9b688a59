package dev.lockstep.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.data.LabelEncoding;
import dev.lockstep.trainer.data.WeightedDataSet;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** From an RDD of DL4J's data sets to a trained model. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DataSetTrainingTest {
  private static final int FEATURES = 6;
  private static final int CLASSES = 3;

  private static JavaSparkContext spark;
  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.shared();
  }

  @Test
  void howTheRddIsPartitionedDoesNotMatterAndClassesAreScored() throws IOException {
    TrainingResult one = train("one", 1);
    TrainingResult five = train("five", 5);
    assertEquals(one.parametersSha256(), five.parametersSha256());
    double accuracy = one.metrics().epochs().get(4).validationAccuracy();
    assertTrue(accuracy > 0.8, "accuracy " + accuracy);
    assertEquals(accuracy, five.metrics().epochs().get(4).validationAccuracy());

    TrainingResult again = train("five", 2);
    assertEquals(five.run(), again.run());
    assertEquals(0, again.cluster().workers(), "no attempt");
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(6))
            .data(d -> d.batchSize(8))
            .output(o -> o.folder(five.out()))
            .build();
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Lockstep.train(spark, network(), spark.parallelize(data().subList(0, 2)), config));
    assertTrue(refused.getMessage().contains("five holds other data: fingerprint "));
  }

  private TrainingResult train(String name, int partitions) throws IOException {
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(5))
            .data(d -> d.batchSize(8).validationFraction(0.25))
            .output(o -> o.folder(folder.resolve(name).toString()))
            .build();
    return Lockstep.train(spark, network(), spark.parallelize(data(), partitions), config);
  }

  @Test
  void anInfiniteClippingNormMeasuresEveryStepAndChangesNoBit() throws IOException {
    DataSet globalBatch = DataSet.merge(DataSet.merge(data()).asList().subList(0, 64));
    MultiLayerNetwork network = new MultiLayerNetwork(network());
    network.init();
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(3))
            .data(d -> d.batchSize(16))
            .mode(m -> m.virtualWorkers(4))
            .output(o -> o.folder(folder.resolve("plain").toString()))
            .build();
    TrainingConfig measured =
        config.toBuilder()
            .optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY))
            .output(o -> o.folder(folder.resolve("measured").toString()))
            .build();
    TrainingResult without =
        Lockstep.train(spark, network, spark.parallelize(List.of(globalBatch)), config);
    TrainingResult with =
        Lockstep.train(spark, network, spark.parallelize(List.of(globalBatch)), measured);

    assertEquals(without.parametersSha256(), with.parametersSha256());
    assertEquals(3, with.metrics().steps().size());
    for (StepMetrics step : with.metrics().steps()) {
      assertTrue(Double.isFinite(step.gradientNorm()), step.toString());
    }
    for (StepMetrics step : without.metrics().steps()) {
      assertTrue(Double.isNaN(step.gradientNorm()), step.toString());
    }
    // The gradient of 64 examples as one batch, which DL4J leaves as their sum.
    network.setInput(globalBatch.getFeatures());
    network.setLabels(globalBatch.getLabels());
    network.computeGradientAndScore();
    double norm = network.getFlattenedGradients().norm2Number().doubleValue() / 64;
    assertEquals(norm, with.metrics().steps().get(0).gradientNorm(), 1e-5 * norm);
    String record = Files.readString(folder.resolve("measured/run.json"));
    assertEquals(
        "Infinity",
        new ObjectMapper().readTree(record).at("/config/optimization/clipNorm").asText());
  }

  @Test
  void plainDl4jOnTheGlobalBatchesMakesTheSameModel() throws IOException {
    MultiLayerNetwork start = new MultiLayerNetwork(network());
    start.init();
    ShardedDataset data =
        Lockstep.shard(
            spark,
            DataSet.merge(data()),
            folder.resolve("shards").toUri().toString(),
            ShardingOptions.named("shards"));
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(3))
            .data(d -> d.batchSize(8).validationFraction(0.25))
            .mode(m -> m.virtualWorkers(3))
            .output(o -> o.folder(folder.resolve("run").toString()))
            .build();
    TrainingResult result = Lockstep.train(spark, start, data, config);

    MultiLayerNetwork plain = start.clone();
    long examples = 0;
    for (int epoch = 0; epoch < config.optimization().epochs(); epoch++) {
      try (GlobalBatches batches =
          Lockstep.globalBatches(spark, result.model(), data, config, epoch)) {
        while (batches.hasNext()) {
          DataSet batch = batches.next();
          examples += batch.numExamples();
          plain.fit(batch);
        }
        assertEquals(
            "the epoch has no more global batches",
            assertThrows(NoSuchElementException.class, batches::next).getMessage());
      }
    }
    assertEquals(result.progress().examples(), examples);
    MultiLayerNetwork trained = result.model().network();
    assertEquals(0, trained.params().distance2(plain.params()), 1e-4);
    assertEquals(plain.getIterationCount(), trained.getIterationCount());
    assertEquals(
        "the model is a stack of layers, not a graph: call network()",
        assertThrows(IllegalStateException.class, () -> result.model().graph()).getMessage());
    InitialModel fresh = InitialModel.fresh(result.model().definition());
    assertEquals(
        "the model has no parameters yet: train it first",
        assertThrows(IllegalStateException.class, fresh::network).getMessage());
    TrainingConfig summed = config.toBuilder().mode(m -> m.accumulate(2)).build();
    assertEquals(
        "mode=SYNC accumulate=2: only steps of mode sync without accumulation are each of one"
            + " global batch",
        assertThrows(
                IllegalArgumentException.class,
                () -> Lockstep.globalBatches(spark, fresh, data, summed, 0))
            .getMessage());

    EvaluationSums scores = Lockstep.evaluate(spark, result.model(), data, config).get(0);
    DataSet all = DataSet.merge(data());
    Evaluation plainly = new Evaluation(CLASSES);
    plainly.eval(all.getLabels(), plain.output(all.getFeatures()));
    assertEquals(plainly.accuracy(), scores.accuracy(), 0.01);

    // The two parts are what the training made of the whole.
    EvaluationSums learned =
        Lockstep.evaluate(spark, result.model(), data, config, Split.TRAINING).get(0);
    EvaluationSums kept =
        Lockstep.evaluate(spark, result.model(), data, config, Split.VALIDATION).get(0);
    assertEquals(scores.right(), learned.right() + kept.right());
    assertEquals(scores.examples(), learned.examples() + kept.examples());
    assertEquals(result.metrics().epochs().get(2).validationAccuracy(), kept.accuracy());
    try (GlobalBatches batches = Lockstep.validationBatches(spark, result.model(), data, config)) {
      Evaluation ofKept = new Evaluation(CLASSES);
      while (batches.hasNext()) {
        DataSet batch = batches.next();
        ofKept.eval(batch.getLabels(), trained.output(batch.getFeatures()));
      }
      assertEquals(kept.examples(), ofKept.getNumRowCounter());
      assertEquals(kept.accuracy(), ofKept.accuracy(), 0.01);
    }
    assertEquals(
        "dataset %s has no examples for validation (validationFraction=0): give data to evaluate on"
            .formatted(data.location()),
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Lockstep.evaluate(
                        spark,
                        result.model(),
                        data,
                        config.toBuilder().data(d -> d.validationFraction(0)).build(),
                        Split.VALIDATION))
            .getMessage());
  }

  @Test
  void aRowThatIsNotOneHotEndsShardingByName() throws IOException {
    List<DataSet> data = data();
    data.get(7).getLabels().putScalar(2, 1, 0.25);
    String location = folder.resolve("data").toUri().toString();
    InvalidDataException refused =
        assertThrows(
            InvalidDataException.class,
            () ->
                Lockstep.shard(
                    spark.parallelize(data, 3),
                    location,
                    LabelEncoding.DETECT,
                    ShardingOptions.named("broken")));
    assertTrue(
        refused.getMessage().startsWith("DataSet labels row 2=[")
            && refused
                .getMessage()
                .endsWith(
                    "] is not one-hot, but the labels are 3 classes: make it one 1 and else 0, or"
                        + " shard with LabelEncoding.NUMBERS"),
        refused.getMessage());
    ShardedDataset numbers =
        Lockstep.shard(
            spark.parallelize(data, 3),
            location,
            LabelEncoding.NUMBERS,
            ShardingOptions.named("numbers"));
    assertEquals(Encoding.FLOAT32, numbers.manifest().tensors().get(1).encoding());
  }

  @Test
  void aGraphOfSeveralInputsAndOutputsTrainsOnSequencesOfAnyLength() throws IOException {
    List<MultiDataSet> sets = sequencesAndRows();
    ShardedDataset data =
        Lockstep.shard(
            DataSetSource.ofMulti(spark.parallelize(sets, 3)),
            folder.resolve("multi").toUri().toString(),
            LabelEncoding.DETECT,
            ShardingOptions.named("multi"));
    assertEquals(
        List.of("features_0", "features_1", "labels_0", "labels_1", "features_0_mask"),
        data.manifest().tensors().stream().map(TensorSpec::name).toList());
    ShardedDataset again =
        Lockstep.shard(
            DataSetSource.ofMulti(spark.parallelize(sets, 1)),
            folder.resolve("again").toUri().toString(),
            LabelEncoding.DETECT,
            ShardingOptions.named("multi"));
    assertEquals(data.manifest().fingerprint(), again.manifest().fingerprint());

    ComputationGraph start = new ComputationGraph(sequenceAndRow());
    start.init();
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(3))
            .data(d -> d.batchSize(8))
            .mode(m -> m.virtualWorkers(3))
            .output(o -> o.folder(folder.resolve("run").toString()))
            .build();
    TrainingResult result = Lockstep.train(spark, start, data, config);
    ComputationGraph plain = start.clone();
    for (int epoch = 0; epoch < config.optimization().epochs(); epoch++) {
      try (GlobalBatches batches =
          Lockstep.globalBatches(spark, result.model(), data, config, epoch)) {
        while (batches.hasNext()) {
          plain.fit(batches.nextMulti());
        }
      }
    }
    INDArray trained = result.model().graph().params();
    double error = trained.distance2(plain.params()) / plain.params().norm2Number().doubleValue();
    assertTrue(error <= 1e-5, "relative error of parameters " + error);
    assertTrue(trained.distance2(start.params()) > 0.1, "it has learned something");
    try (GlobalBatches batches = Lockstep.globalBatches(spark, result.model(), data, config, 0)) {
      assertEquals(
          "inputs=2 outputs=2 of the model: a DataSet holds one of each, take a MultiDataSet",
          assertThrows(IllegalArgumentException.class, batches::next).getMessage());
    }
  }

  @Test
  void weightsOfTwoTrainLikeTwiceTheRate() throws IOException {
    List<WeightedDataSet> weighted =
        data().stream()
            .map(
                set -> {
                  float[] weights = new float[set.numExamples()];
                  Arrays.fill(weights, 2);
                  return new WeightedDataSet(set.toMultiDataSet(), weights);
                })
            .toList();
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(1))
            .output(o -> o.folder(folder.resolve("weighted").toString()))
            .build();
    TrainingResult twice =
        Lockstep.train(
            spark,
            linear(0.0625),
            DataSetSource.ofWeighted(spark.parallelize(weighted, 3)),
            config);
    TrainingResult faster =
        Lockstep.train(
            spark,
            linear(0.125),
            spark.parallelize(data(), 3),
            config.toBuilder().output(o -> o.folder(folder.resolve("faster").toString())).build());
    // Twice a power of two is exact.
    assertEquals(faster.parametersSha256(), twice.parametersSha256());
    assertEquals(
        "weights=1 != examples=7: give one for each example",
        assertThrows(
                IllegalArgumentException.class,
                () -> new WeightedDataSet(data().get(0).toMultiDataSet(), new float[] {1}))
            .getMessage());
    assertEquals(
        "weight 2=-1.0: weights are finite numbers, at least 0",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new WeightedDataSet(
                        data().get(0).toMultiDataSet(), new float[] {0, 1, -1, 1, 1, 1, 1}))
            .getMessage());
  }

  private static MultiLayerConfiguration linear(double rate) {
    return new NeuralNetConfiguration.Builder()
        .updater(new Sgd(rate))
        .list()
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(FEATURES)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  @Test
  void savedDataSetsAreTakenInTheOrderOfTheirPathsAndABadOneIsNamed() throws IOException {
    List<DataSet> sets = data().subList(0, 12);
    Path files = Files.createDirectories(folder.resolve("saved/sub"));
    for (int i = 0; i < sets.size(); i++) {
      Path file =
          files.getParent().resolve(i < 6 ? "a%02d.bin".formatted(i) : "sub/b%02d".formatted(i));
      sets.get(i).save(file.toFile());
    }
    Files.writeString(files.resolve("_SUCCESS"), "");
    ShardedDataset shards =
        Lockstep.shard(
            DataSetSource.saved(spark, files.getParent().toUri().toString()),
            folder.resolve("shards").toUri().toString(),
            LabelEncoding.DETECT,
            ShardingOptions.named("saved"));
    ShardedDataset ofRdd =
        Lockstep.shard(
            spark.parallelize(sets, 5),
            folder.resolve("other").toUri().toString(),
            LabelEncoding.DETECT,
            ShardingOptions.named("rdd"));
    assertEquals(ofRdd.manifest().fingerprint(), shards.manifest().fingerprint());

    Path bad = files.getParent().resolve("a03.bin");
    byte[] whole = Files.readAllBytes(bad);
    Files.write(bad, Arrays.copyOf(whole, 100));
    assertEquals(
        bad.toUri().toString().replace("file:///", "file:/")
            + ": it ends after 100 bytes, inside an array: save the data set again",
        refused(files.getParent()));
    new DataSet(Nd4j.ones(2, FEATURES + 1), Nd4j.zeros(2, CLASSES)).save(bad.toFile());
    assertEquals(
        bad.toUri().toString().replace("file:///", "file:/")
            + ": DataSet features shape=[2, 7] where the first one has [6] for each of 2 examples:"
            + " give all DataSets the same shapes and masks",
        refused(files.getParent()));
    Path empty = Files.createDirectories(folder.resolve("empty"));
    assertEquals(
        empty + " holds no files: save data sets there with DataSet.save(File)", refused(empty));
  }

  private String refused(Path files) {
    return assertThrows(
            InvalidDataException.class,
            () ->
                Lockstep.shard(
                    DataSetSource.saved(spark, files.toString()),
                    folder.resolve("refused").toUri().toString(),
                    LabelEncoding.DETECT,
                    ShardingOptions.named("refused")))
        .getMessage();
  }

  private static ComputationGraphConfiguration sequenceAndRow() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(new Adam(1e-2))
        .activation(Activation.TANH)
        .graphBuilder()
        .addInputs("sequence", "row")
        .addLayer("steps", new LSTM.Builder().nOut(6).build(), "sequence")
        .addVertex("last", new LastTimeStepVertex("sequence"), "steps")
        .addLayer("flat", new DenseLayer.Builder().nOut(5).build(), "row")
        .addVertex("both", new MergeVertex(), "last", "flat")
        .addLayer(
            "classes",
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build(),
            "both")
        .addLayer(
            "number",
            new OutputLayer.Builder(LossFunction.MSE)
                .nOut(1)
                .activation(Activation.IDENTITY)
                .build(),
            "both")
        .setOutputs("classes", "number")
        .setInputTypes(InputType.recurrent(2), InputType.feedForward(4))
        .build();
  }

  /** Data sets of 1 to 9 examples, of sequences of 1 to 5 steps. */
  private static List<MultiDataSet> sequencesAndRows() {
    Nd4j.getRandom().setSeed(11);
    Random random = new Random(11);
    List<MultiDataSet> data = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      int examples = 1 + i % 9;
      INDArray sequence = Nd4j.randn(examples, 2, 1 + i * 3 % 5);
      INDArray row = Nd4j.randn(examples, 4);
      INDArray classes = Nd4j.zeros(examples, CLASSES);
      for (int example = 0; example < examples; example++) {
        classes.putScalar(example, random.nextInt(CLASSES), 1);
      }
      data.add(
          new org.nd4j.linalg.dataset.MultiDataSet(
              new INDArray[] {sequence, row},
              new INDArray[] {classes, sequence.sum(1, 2).reshape(examples, 1)}));
    }
    return data;
  }

  private static MultiLayerConfiguration network() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Adam(1e-2))
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nOut(12).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.feedForward(FEATURES))
        .build();
  }

  /** Data sets of 7 to 16 examples; the class is the largest of the first features. */
  private static List<DataSet> data() {
    Random random = new Random(3);
    List<DataSet> data = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int examples = 7 + i % 10;
      float[][] features = new float[examples][FEATURES];
      float[][] labels = new float[examples][CLASSES];
      for (int row = 0; row < examples; row++) {
        int largest = 0;
        for (int j = 0; j < FEATURES; j++) {
          features[row][j] = (float) random.nextGaussian();
          largest = j < CLASSES && features[row][j] > features[row][largest] ? j : largest;
        }
        labels[row][largest] = 1;
      }
      data.add(new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels)));
    }
    return data;
  }
}
