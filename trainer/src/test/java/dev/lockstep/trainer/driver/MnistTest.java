package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
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
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** On real digits, Lockstep learns what DL4J's own {@code fit} learns. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MnistTest {

  private static final int EPOCHS = 10;
  private static final int GLOBAL_BATCH = 64;
  private static final double VALIDATION = 0.2;
  private static final long SEED = 42;

  @TempDir private Path folder;

  @Test
  void validationAccuracyIsThatOfPlainFit() throws Exception {
    String data = System.getProperty("lockstep.data", "");
    Path mnist = Path.of(data).resolve("mnist-10k");
    assumeTrue(
        !data.isEmpty() && Files.isDirectory(mnist),
        () -> "skipped: there is no folder mnist-10k in lockstep.data=" + data);

    try (JavaSparkContext spark = LocalSpark.on("local[2]")) {
      ShardedDataset dataset =
          IdxIngest.ingest(
              spark,
              mnist.toUri().toString(),
              folder.resolve("shards").toUri().toString(),
              IdxOptions.defaults(),
              ShardingOptions.named("mnist-10k"));
      assertEquals(10_000, dataset.manifest().examples());
      Holdout split = Holdout.of(SEED, VALIDATION, dataset.manifest().blockSizes());
      assertEquals(8_000, IntStream.of(split.sizes(Split.TRAINING)).sum());
      ModelDefinition model =
          ModelDefinition.builtIn(
              "mlp:256,128", dataset.manifest().tensors(), BuiltInOptions.DEFAULT);

      TrainingResult result =
          Lockstep.train(
              spark,
              InitialModel.fresh(model),
              dataset,
              TrainingConfig.builder()
                  .optimization(o -> o.epochs(EPOCHS).seed(SEED))
                  .data(d -> d.batchSize(GLOBAL_BATCH / 4).validationFraction(VALIDATION))
                  .mode(m -> m.virtualWorkers(4))
                  .output(o -> o.folder(folder.resolve("run").toUri().toString()))
                  .build());

      assertEquals(EPOCHS * 8_000L, result.progress().examples());
      double ours = result.metrics().epochs().get(EPOCHS - 1).validationAccuracy();
      double plain = plainAccuracy(model, dataset, split);
      assertTrue(ours >= 0.94, ours + " < 0.94");
      assertEquals(plain, ours, 0.005);
    }
  }

  /** DL4J alone, from the same initial parameters, on the same split. */
  private static double plainAccuracy(ModelDefinition model, ShardedDataset dataset, Holdout split)
      throws IOException, InterruptedException {
    MultiLayerNetwork network =
        new MultiLayerNetwork(MultiLayerConfiguration.fromJson(model.json()));
    network.init();
    network.setParams(Nd4j.create(BuiltModel.of(model, SEED).initialParameters()).reshape(1, -1));
    try (MicroBatchStream training = stream(dataset, split, Split.TRAINING, EPOCHS)) {
      for (MicroBatchStream.Item item = training.next(); item != null; item = training.next()) {
        network.fit(features(item.batch()), labels(item.batch()));
      }
    }
    int right = 0;
    int all = 0;
    try (MicroBatchStream validation = stream(dataset, split, Split.VALIDATION, 1)) {
      for (MicroBatchStream.Item item = validation.next(); item != null; item = validation.next()) {
        int[] guesses = Nd4j.argMax(network.output(features(item.batch())), 1).toIntVector();
        int[] digits = Nd4j.argMax(labels(item.batch()), 1).toIntVector();
        right +=
            (int) IntStream.range(0, digits.length).filter(i -> guesses[i] == digits[i]).count();
        all += digits.length;
      }
    }
    assertEquals(2_000, all);
    return (double) right / all;
  }

  private static MicroBatchStream stream(
      ShardedDataset dataset, Holdout split, Split part, int epochs) {
    return new MicroBatchStream(
        new StreamRequest(
            dataset,
            Examples.of(split, part),
            new Order(SEED, Shuffle.within(4096)),
            Workers.all(1),
            GLOBAL_BATCH,
            new EpochRange(0, 0, epochs),
            Reading.ahead(4)),
        new Configuration());
  }

  private static INDArray features(MicroBatch batch) {
    return array(batch, 0);
  }

  private static INDArray labels(MicroBatch batch) {
    return array(batch, 1);
  }

  private static INDArray array(MicroBatch batch, int tensor) {
    return Nd4j.create(batch.values().get(tensor)).reshape('c', batch.examples(), -1);
  }
}
