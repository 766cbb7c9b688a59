package dev.lockstep.trainer.evaluate;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.JavaSerialization;
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
import dev.lockstep.trainer.cluster.Preflight;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.replica.ModelReplica;
import dev.lockstep.trainer.model.replica.ModelValidation;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Evaluator;
import dev.lockstep.trainer.score.Scores;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Scores a model on a dataset, as an ordinary Spark job: a task for each of a fixed number of
 * spans, joined by the fixed tree, so that the result does not depend on the cluster.
 */
public final class EvaluationJob {

  private static final int BATCHES_AHEAD = 4;

  private EvaluationJob() {}

  /**
   * How examples are scored. Crosses from driver to executors.
   *
   * @param profile under which executors compute
   * @param options of the replicas
   * @param spans into which the dataset is cut, each scored by one task; they determine the last
   *     bits of the loss
   * @param batchSize examples scored at once
   */
  public record Settings(NumericProfile profile, ReplicaOptions options, int spans, int batchSize)
      implements Serializable {

    private static final int SPANS = 4;
    private static final int BATCH_SIZE = 256;

    /** With the kernels and under the numeric profile of a training. */
    public static Settings of(TrainingConfig config) {
      return new Settings(
          NumericProfile.named(config.cluster().numericProfile()),
          ReplicaOptions.of(config),
          SPANS,
          BATCH_SIZE);
    }
  }

  /**
   * Scores all examples with the kernels and under the numeric profile of a training. Blocks.
   *
   * @return one for each labels tensor, in the dataset's order
   * @throws IllegalArgumentException if model and data do not fit, or there is no data
   */
  public static List<EvaluationSums> run(
      JavaSparkContext spark, InitialModel model, ShardedDataset dataset, TrainingConfig config) {
    return run(spark, model, dataset, Settings.of(config), Optional.empty());
  }

  /**
   * Scores one part of the split that a training makes of a dataset. Blocks.
   *
   * @return one for each labels tensor, in the dataset's order
   * @throws IllegalArgumentException if model and data do not fit, or the part is empty
   */
  public static List<EvaluationSums> run(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset dataset,
      TrainingConfig config,
      Split part) {
    Holdout split = new ReadPlan(config, dataset).split();
    return run(spark, model, dataset, Examples.of(split, part), Settings.of(config));
  }

  /**
   * Scores all examples, or those of one part of a stored split. Blocks.
   *
   * @param part of the split that the dataset stores; empty for all examples
   * @return one for each labels tensor, in the dataset's order
   * @throws IllegalArgumentException if model and data do not fit, or there is no data
   */
  public static List<EvaluationSums> run(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset dataset,
      Settings settings,
      Optional<Split> part) {
    Holdout split =
        part.isPresent()
            ? dataset.manifest().holdout(0, 0)
            : Holdout.of(0, 0, dataset.manifest().blockSizes());
    return run(spark, model, dataset, Examples.of(split, part.orElse(Split.TRAINING)), settings);
  }

  private static List<EvaluationSums> run(
      JavaSparkContext spark,
      InitialModel model,
      ShardedDataset dataset,
      Examples examples,
      Settings settings) {
    Preflight.requireFit(spark.sc(), settings.profile());
    ModelDefinition definition = model.definition();
    ModelValidation.check(definition, dataset.manifest().tensors(), 1, new Clipping.None(), 0);
    if (examples.holdout().examples(examples.split()) == 0) {
      throw new IllegalArgumentException(
          "dataset %s has no examples%s: give data to evaluate on"
              .formatted(
                  dataset.location(),
                  switch (examples.split()) {
                    case TRAINING -> "";
                    case VALIDATION -> " for validation (validationFraction=0)";
                    case TEST -> " for test: shard it with a test fraction";
                  }));
    }
    SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
    Broadcast<float[]> parameters = spark.broadcast(model.parameters(0));
    try {
      List<Integer> numbers = IntStream.range(0, settings.spans()).boxed().toList();
      List<byte[]> parts =
          spark
              .parallelize(numbers, settings.spans())
              .map(
                  span -> {
                    settings.profile().verify();
                    try (ModelReplica replica = ModelReplica.open(definition, settings.options())) {
                      replica.setParameters(parameters.value());
                      return JavaSerialization.toBytes(
                          score(replica, request(dataset, examples, settings, span), hadoop.value())
                              .toArray(EvaluationSums[]::new));
                    }
                  })
              .collect();
      TreeReduction<List<EvaluationSums>> sums =
          new TreeReduction<>(new PairwiseTree(settings.spans()), Scores::plus);
      for (int span = 0; span < settings.spans(); span++) {
        sums.add(
            new TreeNode(0, span),
            List.of(JavaSerialization.fromBytes(parts.get(span), EvaluationSums[].class)));
      }
      return sums.result();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      parameters.destroy();
    }
  }

  private static StreamRequest request(
      ShardedDataset dataset, Examples examples, Settings settings, int span) {
    return new StreamRequest(
        dataset,
        examples,
        new Order(0, Shuffle.NONE),
        new Workers(settings.spans(), span, span + 1),
        settings.batchSize(),
        EpochRange.only(0),
        Reading.ahead(BATCHES_AHEAD));
  }

  private static List<EvaluationSums> score(
      ModelReplica replica, StreamRequest request, Configuration hadoop)
      throws IOException, InterruptedException {
    Evaluator tally = new Evaluator(Evaluator.Detail.DETAILED);
    try (MicroBatchStream stream = new MicroBatchStream(request, hadoop)) {
      for (MicroBatchStream.Item item = stream.next(); item != null; item = stream.next()) {
        if (item.batch().examples() > 0) {
          replica.evaluate(item.batch(), tally);
        }
      }
    }
    return tally.sums();
  }
}
