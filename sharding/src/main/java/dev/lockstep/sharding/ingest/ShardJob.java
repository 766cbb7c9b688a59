package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.plan.SplitAssignment;
import dev.lockstep.sharding.prepare.CheckedExamples;
import dev.lockstep.sharding.prepare.ClassOf;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.ValueSums;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Spark job that all ingests end in. Driver side. */
public final class ShardJob {

  private static final Logger LOG = LoggerFactory.getLogger(ShardJob.class);

  /** In the provenance: the mark of where the data came from. */
  static final String SOURCE = "source";

  private ShardJob() {}

  /** Numbers 0 … count-1, one per partition: partitions that no setting of the cluster changes. */
  public static JavaRDD<Integer> partitions(JavaSparkContext spark, int count) {
    return spark.parallelize(IntStream.range(0, count).boxed().toList(), count);
  }

  /**
   * What the manifest is to say.
   *
   * @param tensors of every example
   * @param classes names of classes, by tensor
   * @param provenance where the data came from
   * @param recipe how the tensors were made
   */
  public record Contents(
      List<TensorSpec> tensors,
      Map<String, List<String>> classes,
      Map<String, String> provenance,
      DataRecipe recipe) {}

  /**
   * Writes each partition as data shards, and the manifest when all are there. Where a split is
   * asked for, the examples are computed once more before, to count them.
   *
   * @param shards examples in order, partitioned as the shards are to be. Its iterators throw an
   *     {@code UncheckedIOException} of an {@link InvalidDataException} from {@code next()} for an
   *     example that is bad, and go on with the one after it
   * @throws InvalidDataException with the first problem in the order of the data
   */
  public static ShardedDataset write(
      JavaSparkContext spark,
      JavaRDD<Example> shards,
      Contents contents,
      String location,
      ShardingOptions options)
      throws IOException {
    SplitAssignment assignment =
        options.splitSpec().isNone()
            ? null
            : options.splitSpec().assign(count(shards, contents.tensors(), options));
    return write(spark, shards, contents, assignment, location, options);
  }

  /** The same with examples that are assigned to splits already; null where all are training. */
  public static ShardedDataset write(
      JavaSparkContext spark,
      JavaRDD<Example> shards,
      Contents contents,
      SplitAssignment assignment,
      String location,
      ShardingOptions options)
      throws IOException {
    options.layout().compression().requireAvailable();
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    List<TensorSpec> tensors = contents.tensors();
    try (Staging staging = Staging.begin(location, conf.value(), options.ifExists())) {
      List<DataShard> written = new ArrayList<>();
      Map<Split, ValueSums> sums = new EnumMap<>(Split.class);
      Map<String, String> about = new TreeMap<>(contents.provenance());
      about.put("compression", options.layout().compression().name().toLowerCase(Locale.ROOT));
      if (!options.source().isEmpty()) {
        about.put(SOURCE, options.source());
      }
      long skipped = 0;
      for (byte[] bytes :
          shards
              .mapPartitionsWithIndex(
                  new WriteShard(staging.folder(), tensors, options, assignment, conf), false)
              .collect()) {
        ShardResult result = JavaSerialization.fromBytes(bytes, ShardResult.class);
        written.addAll(result.shards());
        result
            .sums()
            .forEach(
                (split, each) ->
                    sums.computeIfAbsent(split, p -> new ValueSums(tensors)).add(each));
        skipped += result.skipped();
        if (result.skipped() > 0) {
          about.putIfAbsent("firstSkipped", result.firstSkipped());
        }
      }
      if (skipped > 0) {
        about.put("skipped", String.valueOf(skipped));
        LOG.warn(
            "{} examples of {} were left out, the first because of {}",
            skipped,
            options.name(),
            about.get("firstSkipped"));
      }
      if (written.isEmpty()) {
        throw new InvalidDataException(
            "the data for %s hold no example%s"
                .formatted(
                    options.name(),
                    skipped == 0
                        ? ""
                        : ": all %d were left out, the first because of %s"
                            .formatted(skipped, about.get("firstSkipped"))));
      }
      List<TensorStatistics> statistics = new ArrayList<>();
      sums.forEach((split, each) -> statistics.addAll(each.statistics(split)));
      return staging.commit(
          written,
          named ->
              new DatasetManifest(
                  options.name(),
                  tensors,
                  contents.classes(),
                  named,
                  about,
                  statistics,
                  contents.recipe()));
    }
  }

  /** Examples by partition and class. */
  private static long[][] count(
      JavaRDD<Example> shards, List<TensorSpec> tensors, ShardingOptions options)
      throws IOException {
    ArrayList<TensorSpec> all = new ArrayList<>(tensors);
    ClassOf.of(all, options.splitSpec());
    List<long[]> counts = new ArrayList<>();
    for (byte[] found :
        shards
            .mapPartitionsWithIndex((shard, each) -> count(shard, each, all, options), false)
            .collect()) {
      counts.add(JavaSerialization.fromBytes(found, long[].class));
    }
    return counts.toArray(long[][]::new);
  }

  private static Iterator<byte[]> count(
      int shard, Iterator<Example> examples, List<TensorSpec> tensors, ShardingOptions options)
      throws IOException {
    ClassOf classOf = ClassOf.of(tensors, options.splitSpec());
    long[] counts = new long[classOf.classes()];
    long first = shard * options.shardExamplesFor(tensors);
    GoodItems<Example> good =
        new GoodItems<>(new CheckedExamples(examples, tensors, first), options.badData());
    Serializable result = counts;
    try {
      for (Example example = good.next(); example != null; example = good.next()) {
        counts[classOf.of(example)]++;
      }
    } catch (InvalidDataException e) {
      result = e.getMessage();
    }
    return List.of(JavaSerialization.toBytes(result)).iterator();
  }
}
