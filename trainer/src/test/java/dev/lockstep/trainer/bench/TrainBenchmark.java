package dev.lockstep.trainer.bench;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.SyntheticDataset;
import dev.lockstep.trainer.output.TrainingResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A whole training on one worker, data shards read and metrics written, against DL4J's {@code
 * fit(DataSet)} on micro-batches that lie in memory: 784-256-128-10, batch 64, Adam, one thread.
 * The two take turns in one process; the ratio of the medians is the figure. Needs the numeric
 * profile's environment and Spark's JVM options.
 */
public final class TrainBenchmark {

  private static final int EXAMPLES = 12_800;
  private static final int BATCH = 64;
  private static final int EPOCHS = 4;
  private static final int ROUNDS = 5;

  private TrainBenchmark() {}

  /** Prints examples a second of both, and the ratio. */
  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("lockstep-train-benchmark");
    ShardedDataset dataset =
        SyntheticDataset.classes(folder.resolve("data"), List.of(784), 10, EXAMPLES);
    List<DataSet> batches = batches(dataset);
    double[] fit = new double[ROUNDS];
    double[] train = new double[ROUNDS];
    try (JavaSparkContext spark = LocalSpark.on("local[1]")) {
      for (int round = -1; round < ROUNDS; round++) {
        double plain = fit(batches);
        double ours = train(spark, dataset, folder.resolve("run" + round));
        System.out.printf(Locale.ROOT, "fit %,8.0f  train %,8.0f examples/s%n", plain, ours);
        if (round >= 0) {
          fit[round] = plain;
          train[round] = ours;
        }
      }
    }
    System.out.printf(
        Locale.ROOT,
        "median: fit %,.0f, train %,.0f examples/s, train/fit %.2f%n",
        median(fit),
        median(train),
        median(train) / median(fit));
  }

  private static List<DataSet> batches(ShardedDataset dataset) throws Exception {
    List<DataSet> batches = new ArrayList<>();
    StreamRequest all =
        new StreamRequest(
            dataset,
            Examples.of(Holdout.of(0, 0, dataset.manifest().blockSizes()), Split.TRAINING),
            new Order(42, Shuffle.within(4096)),
            Workers.all(1),
            BATCH,
            EpochRange.only(0),
            Reading.ahead(2));
    try (MicroBatchStream stream = new MicroBatchStream(all, new Configuration())) {
      for (MicroBatchStream.Item item = stream.next(); item != null; item = stream.next()) {
        int n = item.batch().examples();
        batches.add(
            new DataSet(
                Nd4j.create(item.batch().values().get(0), new long[] {n, 784}),
                Nd4j.create(item.batch().values().get(1), new long[] {n, 10})));
      }
    }
    return batches;
  }

  private static MultiLayerConfiguration model() {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .updater(new Adam(1e-3))
        .activation(Activation.RELU)
        .list()
        .layer(new DenseLayer.Builder().nIn(784).nOut(256).build())
        .layer(new DenseLayer.Builder().nIn(256).nOut(128).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(128)
                .nOut(10)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  private static double fit(List<DataSet> batches) {
    MultiLayerNetwork network = new MultiLayerNetwork(model());
    network.init();
    long begin = System.nanoTime();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (DataSet batch : batches) {
        network.fit(batch);
      }
    }
    return EPOCHS * (double) EXAMPLES / ((System.nanoTime() - begin) / 1e9);
  }

  private static double train(JavaSparkContext spark, ShardedDataset dataset, Path out)
      throws Exception {
    TrainingResult result =
        Lockstep.train(
            spark,
            model(),
            dataset,
            TrainingConfig.builder()
                .optimization(o -> o.epochs(EPOCHS))
                .data(d -> d.batchSize(BATCH))
                .mode(m -> m.virtualWorkers(1))
                .output(o -> o.folder(out.toString()))
                .build());
    return result.progress().examplesPerSecond();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
