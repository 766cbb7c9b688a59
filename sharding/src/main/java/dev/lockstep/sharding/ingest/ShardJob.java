package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardSet;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.plan.Dealing;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Spark job that all ingests end in. Driver side. */
final class ShardJob {

  private static final Logger LOG = LoggerFactory.getLogger(ShardJob.class);

  private ShardJob() {}

  /** Numbers 0 … parts-1, one per partition: partitions that no setting of the cluster changes. */
  static JavaRDD<Integer> parts(JavaSparkContext spark, int parts) {
    return spark.parallelize(IntStream.range(0, parts).boxed().toList(), parts);
  }

  /**
   * Writes each partition as data shards, and the manifest when all are there. With a splitting,
   * the examples are computed once more before, to count them.
   *
   * @param shards examples in order, partitioned as the shards are to be. Its iterators throw an
   *     {@code UncheckedIOException} of an {@link InvalidDataException} from {@code next()} for an
   *     example that is bad, and go on with the one after it
   * @throws InvalidDataException with the first problem in the order of the data
   */
  static Dataset write(
      JavaSparkContext spark,
      JavaRDD<Example> shards,
      List<TensorSpec> tensors,
      Map<String, List<String>> classes,
      Map<String, String> provenance,
      String location,
      ShardingOptions options)
      throws IOException {
    Dealing dealing =
        options.splitting().isNone()
            ? null
            : options.splitting().deal(count(shards, tensors, options));
    return write(spark, shards, tensors, classes, provenance, dealing, location, options);
  }

  /** The same, with examples that have been dealt already; null where all are for training. */
  static Dataset write(
      JavaSparkContext spark,
      JavaRDD<Example> shards,
      List<TensorSpec> tensors,
      Map<String, List<String>> classes,
      Map<String, String> provenance,
      Dealing dealing,
      String location,
      ShardingOptions options)
      throws IOException {
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    try (Staging staging = Staging.begin(location, conf.value(), options.ifExists())) {
      List<DataShard> written = new ArrayList<>();
      Map<Part, ValueSums> sums = new EnumMap<>(Part.class);
      Map<String, String> about = new TreeMap<>(provenance);
      long skipped = 0;
      for (byte[] bytes :
          shards
              .mapPartitionsWithIndex(
                  new WriteShard(staging.folder(), tensors, options, dealing, conf), false)
              .collect()) {
        ShardResult result = ShardResult.fromBytes(bytes);
        if (!result.problem().isEmpty()) {
          throw new InvalidDataException(result.problem());
        }
        written.addAll(result.shards());
        result
            .sums()
            .forEach(
                (part, each) -> sums.computeIfAbsent(part, p -> new ValueSums(tensors)).add(each));
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
      sums.forEach((part, each) -> statistics.addAll(each.statistics(part)));
      return staging.commit(
          written,
          named ->
              new ShardSet(
                  ShardSet.FORMAT_VERSION,
                  options.name(),
                  tensors,
                  classes,
                  named,
                  about,
                  statistics));
    }
  }

  /** Examples by partition and class. */
  private static long[][] count(
      JavaRDD<Example> shards, List<TensorSpec> tensors, ShardingOptions options)
      throws IOException {
    ArrayList<TensorSpec> all = new ArrayList<>(tensors);
    ClassOf.of(all, options.splitting());
    List<long[]> counts = new ArrayList<>();
    for (Object[] found :
        shards
            .mapPartitionsWithIndex(
                (shard, examples) -> count(shard, examples, all, options), false)
            .collect()) {
      if (found[0] instanceof String problem) {
        throw new InvalidDataException(problem);
      }
      counts.add((long[]) found[0]);
    }
    return counts.toArray(long[][]::new);
  }

  /** One array that holds the counts or the problem: an array, which every serializer knows. */
  private static Iterator<Object[]> count(
      int shard, Iterator<Example> examples, List<TensorSpec> tensors, ShardingOptions options)
      throws IOException {
    ClassOf classOf = ClassOf.of(tensors, options.splitting());
    long[] counts = new long[classOf.classes()];
    GoodExamples good =
        new GoodExamples(
            examples, tensors, options.badData(), shard * options.shardExamplesFor(tensors));
    try {
      for (Example example = good.next(); example != null; example = good.next()) {
        counts[classOf.of(example)]++;
      }
    } catch (InvalidDataException e) {
      return List.<Object[]>of(new Object[] {e.getMessage()}).iterator();
    }
    return List.<Object[]>of(new Object[] {counts}).iterator();
  }
}
