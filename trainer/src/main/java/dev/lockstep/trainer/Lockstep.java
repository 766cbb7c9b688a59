package dev.lockstep.trainer;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.sharding.ingest.InvalidDataException;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.DataSetExamples;
import dev.lockstep.trainer.model.EvaluationSums;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.LabelEncoding;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelValidation;
import dev.lockstep.trainer.spark.EvaluationJob;
import dev.lockstep.trainer.spark.RunFolder;
import dev.lockstep.trainer.spark.TrainingJob;
import dev.lockstep.trainer.spark.TrainingObserver;
import dev.lockstep.trainer.spark.TrainingResult;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
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
 * launched if model, data, configuration and cluster do not fit: {@link IllegalArgumentException}
 * for what the caller passed, {@link IllegalStateException} for the Spark context. A training that
 * fails ends with {@link dev.lockstep.trainer.spark.TrainingException}. What is passed in is not
 * changed; the trained model is in {@link TrainingResult#modelFile()}, a DL4J zip.
 */
public final class Lockstep {

  private Lockstep() {}

  /** Trains a new network. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerConfiguration model, Dataset data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Trains a new graph. */
  public static TrainingResult train(
      JavaSparkContext spark,
      ComputationGraphConfiguration model,
      Dataset data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Goes on training a network from its parameters and updater state. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerNetwork model, Dataset data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Goes on training a graph from its parameters and updater state. */
  public static TrainingResult train(
      JavaSparkContext spark, ComputationGraph model, Dataset data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Trains any model, for example one read from a file. */
  public static TrainingResult train(
      JavaSparkContext spark, InitialModel model, Dataset data, TrainingConfig config)
      throws IOException {
    return train(spark, model, data, config, TrainingObserver.NONE);
  }

  /** Trains any model and tells an observer of the progress. */
  public static TrainingResult train(
      JavaSparkContext spark,
      InitialModel model,
      Dataset data,
      TrainingConfig config,
      TrainingObserver observer)
      throws IOException {
    return new TrainingJob(spark, config, model, data, observer).run();
  }

  /** Trains a new network on DL4J data sets; see {@link #shard}. */
  public static TrainingResult train(
      JavaSparkContext spark,
      MultiLayerConfiguration model,
      JavaRDD<DataSet> data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Trains a new graph on DL4J data sets; see {@link #shard}. */
  public static TrainingResult train(
      JavaSparkContext spark,
      ComputationGraphConfiguration model,
      JavaRDD<DataSet> data,
      TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.fresh(ModelDefinition.of(model)), data, config);
  }

  /** Goes on training a network on DL4J data sets; see {@link #shard}. */
  public static TrainingResult train(
      JavaSparkContext spark, MultiLayerNetwork model, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /** Goes on training a graph on DL4J data sets; see {@link #shard}. */
  public static TrainingResult train(
      JavaSparkContext spark, ComputationGraph model, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    return train(spark, InitialModel.of(model), data, config);
  }

  /**
   * Writes DL4J data sets as data shards, once for many trainings. The order of the examples is the
   * RDD's, however it is partitioned; the RDD is computed more than once and must keep that order.
   *
   * @param location folder of the dataset, any Hadoop URI that driver and executors share
   * @param labels what the labels mean; the trainings above detect it
   * @throws InvalidDataException if there is no data set, the data sets differ in shapes or masks,
   *     labels that should be classes are not one-hot, or an example is not finite
   */
  public static Dataset shard(
      JavaRDD<DataSet> data, String location, LabelEncoding labels, ShardingOptions options)
      throws IOException {
    List<DataSet> first = data.take(1);
    if (first.isEmpty()) {
      throw new InvalidDataException("the RDD of DataSets for " + location + " is empty");
    }
    List<TensorSpec> tensors = DataSetExamples.tensors(first.get(0), labels);
    try {
      return ExampleIngest.ingest(
          data.flatMap(each -> examples(each, tensors)), tensors, Map.of(), location, options);
    } catch (Exception e) {
      // Spark throws its own checked exception, which its Java methods do not declare.
      for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
        if (cause instanceof InvalidDataException) {
          InvalidDataException invalid = new InvalidDataException(cause.getMessage());
          invalid.initCause(e);
          throw invalid;
        }
      }
      throw e;
    }
  }

  /**
   * Writes one DL4J data set, of examples that fit in the driver's memory, as data shards.
   *
   * @param location folder of the dataset, any Hadoop URI that driver and executors share
   * @throws InvalidDataException if an example is not finite
   */
  public static Dataset shard(
      JavaSparkContext spark, DataSet data, String location, ShardingOptions options)
      throws IOException {
    List<TensorSpec> tensors = DataSetExamples.tensors(data, LabelEncoding.DETECT);
    return ExampleIngest.ingest(
        spark.parallelize(DataSetExamples.examples(data, tensors), 1),
        tensors,
        Map.of(),
        location,
        options);
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
      JavaSparkContext spark, InitialModel model, Dataset data, TrainingConfig config) {
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
      JavaSparkContext spark, InitialModel model, Dataset data, TrainingConfig config, Part part) {
    return EvaluationJob.run(spark, model, data, config, part);
  }

  /**
   * The examples that a training keeps for validation, in batches of its V · b examples, for plain
   * DL4J.
   *
   * @param model whose inputs and outputs the batches fit
   */
  public static GlobalBatches validationBatches(
      JavaSparkContext spark, InitialModel model, Dataset data, TrainingConfig config) {
    return new GlobalBatches(
        model.definition(), data, config, Part.VALIDATION, 0, spark.hadoopConfiguration());
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
      JavaSparkContext spark, InitialModel model, Dataset data, TrainingConfig config, int epoch) {
    return new GlobalBatches(
        model.definition(), data, config, Part.TRAINING, epoch, spark.hadoopConfiguration());
  }

  private static Iterator<Example> examples(DataSet data, List<TensorSpec> tensors)
      throws InvalidDataException {
    try {
      return DataSetExamples.examples(data, tensors).iterator();
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage());
    }
  }

  private static TrainingResult train(
      JavaSparkContext spark, InitialModel model, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    TrainingJob.requireStartable(spark, config);
    ModelValidation.checkModel(model.definition(), config.virtualWorkers());
    RunFolder folder = new RunFolder(config.out(), spark.hadoopConfiguration());
    return folder.keepingDataOnlyOfRuns(
        () -> train(spark, model, shardInto(folder, data, config), config));
  }

  private static Dataset shardInto(RunFolder folder, JavaRDD<DataSet> data, TrainingConfig config)
      throws IOException {
    IfExists ifExists =
        config.existingOutput() == TrainingConfig.ExistingOutput.REPLACE
            ? IfExists.REPLACE
            : IfExists.REFUSE;
    return shard(
        data,
        folder.file(RunFolder.DATA).toString(),
        LabelEncoding.DETECT,
        ShardingOptions.named("DataSets").ifExists(ifExists));
  }
}
