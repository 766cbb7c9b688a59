package dev.lockstep.trainer;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.data.LabelEncoding;
import dev.lockstep.trainer.driver.TrainingJob;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.evaluate.EvaluationJob;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Trains DL4J models on Spark, with the same bits on any cluster.
 *
 * <p>All methods run on the driver, block until the training is done, and throw before anything is
 * started if model, data, configuration and cluster do not fit: {@link IllegalArgumentException}
 * for what the caller passed, {@link IllegalStateException} for the Spark context. A training that
 * fails ends with {@link dev.lockstep.trainer.config.TrainingException}. What is passed in is not
 * changed; the trained model is in {@link TrainingResult#modelFile()}, a DL4J zip.
 */
public final class Lockstep {

  private Lockstep() {}

  /** Trains a new network. */
  public static TrainingResult train(
      JavaSparkContext spark,
      MultiLayerConfiguration model,
      ShardedDataset data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Trains a new graph. */
  public static TrainingResult train(
      JavaSparkContext spark,
      ComputationGraphConfiguration model,
      ShardedDataset data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Goes on training a network from its parameters and updater state. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerNetwork model, ShardedDataset data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Goes on training a graph from its parameters and updater state. */
  public static TrainingResult train(
      JavaSparkContext spark, ComputationGraph model, ShardedDataset data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Trains any model, for example one read from a file. */
  public static TrainingResult train(
      JavaSparkContext spark, InitialModel model, ShardedDataset data, TrainingConfig config)
      throws IOException {
    return train(spark, model, data, config, TrainingObserver.NONE);
  }

  /** Trains any model and tells an observer of the progress. */
  public static TrainingResult train(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset data,
      TrainingConfig config,
      TrainingObserver observer)
      throws IOException {
    return new TrainingJob(spark, config, model, data, observer).run();
  }

  /** Trains a new network on DL4J's data sets. */
  public static TrainingResult train(
      JavaSparkContext spark,
      MultiLayerConfiguration model,
      JavaRDD<DataSet> data,
      TrainingConfig config)
      throws IOException {
    return train(spark, model, DataSetSource.of(data), config);
  }

  /** Trains a new graph on DL4J's data sets. */
  public static TrainingResult train(
      JavaSparkContext spark,
      ComputationGraphConfiguration model,
      JavaRDD<DataSet> data,
      TrainingConfig config)
      throws IOException {
    return train(spark, model, DataSetSource.of(data), config);
  }

  /** Goes on training a network on DL4J's data sets. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerNetwork model, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    return train(spark, model, DataSetSource.of(data), config);
  }

  /** Goes on training a graph on DL4J's data sets. */
  public static TrainingResult train(
      JavaSparkContext spark, ComputationGraph model, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    return train(spark, model, DataSetSource.of(data), config);
  }

  /** Trains a new network on data sets from anywhere. */
  public static TrainingResult train(
      JavaSparkContext spark,
      MultiLayerConfiguration model,
      DataSetSource data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Trains a new graph on data sets from anywhere, also of several inputs and outputs. */
  public static TrainingResult train(
      JavaSparkContext spark,
      ComputationGraphConfiguration model,
      DataSetSource data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Goes on training a network on data sets from anywhere. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerNetwork model, DataSetSource data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Goes on training a graph on data sets from anywhere, also of several inputs and outputs. */
  public static TrainingResult train(
      JavaSparkContext spark, ComputationGraph model, DataSetSource data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /**
   * Trains any model on data sets from anywhere. They become data shards in the run's folder first;
   * to keep these for many trainings, write them with {@link #shard(DataSetSource, String,
   * LabelEncoding, ShardingOptions)}.
   */
  public static TrainingResult train(
      JavaSparkContext spark, InitialModel model, DataSetSource data, TrainingConfig config)
      throws IOException {
    TrainingJob.Preparation preparation =
        new TrainingJob.Preparation() {
          @Override
          public Optional<InitialModel> model() {
            return Optional.of(model);
          }

          @Override
          public TrainingJob job(Optional<InitialModel> initial, RunFolder folder)
              throws IOException {
            ShardedDataset dataset = shardInto(folder, data, config, spark.hadoopConfiguration());
            return new TrainingJob(spark, config, model, dataset, TrainingObserver.NONE);
          }
        };
    return TrainingJob.shardThenTrain(spark, config, preparation);
  }

  /**
   * Where the folder holds data shards, those that the data sets make are compared with them: a run
   * goes on with what it began with.
   */
  private static ShardedDataset shardInto(
      RunFolder folder, DataSetSource data, TrainingConfig config, Configuration hadoop)
      throws IOException {
    String location = folder.file(RunFolder.DATA).toString();
    boolean replaces = config.output().existing() == ExistingOutput.REPLACE;
    if (replaces || !ShardedDatasets.exists(location, hadoop)) {
      return shard(data, location, replaces ? IfExists.REPLACE : IfExists.REFUSE);
    }
    Path compared = folder.file("." + RunFolder.DATA + ".compared");
    try {
      ShardedDataset now = shard(data, compared.toString(), IfExists.REPLACE);
      ShardedDataset before = ShardedDatasets.open(location, hadoop);
      if (!now.manifest().fingerprint().equals(before.manifest().fingerprint())) {
        throw new IllegalArgumentException(
            "out="
                + folder.path()
                + " holds other data: fingerprint "
                + before.manifest().fingerprint()
                + " != "
                + now.manifest().fingerprint()
                + " of these data sets: name another folder with out, or replace its run with"
                + " ExistingOutput.REPLACE");
      }
      return before;
    } finally {
      compared.getFileSystem(hadoop).delete(compared, true);
    }
  }

  private static ShardedDataset shard(DataSetSource data, String location, IfExists ifExists)
      throws IOException {
    return shard(
        data, location, LabelEncoding.DETECT, ShardingOptions.named("DataSets").ifExists(ifExists));
  }

  /**
   * Writes DL4J data sets as data shards, once for many trainings: tensors {@code features} and
   * {@code labels}, or {@code features_0}, {@code features_1} … where there are several, with their
   * masks ({@code features_mask} …) where there are any.
   *
   * @param location folder of the dataset, any Hadoop URI that driver and executors share
   * @param labels what the labels mean; the trainings above detect it
   * @throws InvalidDataException if there is no data set, the data sets differ in more than the
   *     lengths of sequences, labels that should be classes are not one-hot, or an example is not
   *     finite
   */
  public static ShardedDataset shard(
      DataSetSource data, String location, LabelEncoding labels, ShardingOptions options)
      throws IOException {
    return data.shard(location, labels, options);
  }

  /** Writes data sets of one input and one output as data shards. */
  public static ShardedDataset shard(
      JavaRDD<DataSet> data, String location, LabelEncoding labels, ShardingOptions options)
      throws IOException {
    return shard(DataSetSource.of(data), location, labels, options);
  }

  /**
   * Writes one DL4J data set, of examples that fit in the driver's memory, as data shards.
   *
   * @param location folder of the dataset, any Hadoop URI that driver and executors share
   * @throws InvalidDataException if an example is not finite
   */
  public static ShardedDataset shard(
      JavaSparkContext spark, DataSet data, String location, ShardingOptions options)
      throws IOException {
    return shard(DataSetSource.of(spark, data), location, LabelEncoding.DETECT, options);
  }

  /**
   * Scores a model on all examples of a dataset, as an ordinary Spark job.
   *
   * @param config whose kernels and numeric profile are used; the result does not depend on the
   *     cluster
   * @return one for each labels tensor, in the dataset's order
   * @throws IllegalArgumentException if model and data do not fit, or there is no data
   */
  public static List<EvaluationSums> evaluate(
      JavaSparkContext spark, InitialModel model, ShardedDataset data, TrainingConfig config) {
    return EvaluationJob.run(spark, model, data, config);
  }

  /**
   * Scores a model on one part of the dataset that a training split: what it learned from beside
   * what it kept for validation, both without dropout. As an ordinary Spark job.
   *
   * @param config whose seed and {@code validationFraction} make the split, and whose kernels and
   *     numeric profile are used
   * @return one for each labels tensor, in the dataset's order
   * @throws IllegalArgumentException if model and data do not fit, or the part is empty
   */
  public static List<EvaluationSums> evaluate(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset data,
      TrainingConfig config,
      Split part) {
    return EvaluationJob.run(spark, model, data, config, part);
  }

  /**
   * The examples that a training keeps for validation, in batches of its V · b examples, for plain
   * DL4J.
   *
   * @param model whose inputs and outputs the batches fit
   */
  public static GlobalBatches validationBatches(
      JavaSparkContext spark, InitialModel model, ShardedDataset data, TrainingConfig config) {
    return GlobalBatches.validation(model.definition(), data, config, spark.hadoopConfiguration());
  }

  /**
   * The global batches of one epoch of a training, to train plain DL4J on the same.
   *
   * @param model whose inputs and outputs the batches fit
   * @param config of mode {@code sync}, without accumulation
   * @param epoch counted from 0
   * @throws IllegalArgumentException for other modes, and with accumulation
   */
  public static GlobalBatches globalBatches(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset data,
      TrainingConfig config,
      int epoch) {
    return GlobalBatches.training(
        model.definition(), data, config, epoch, spark.hadoopConfiguration());
  }
}
