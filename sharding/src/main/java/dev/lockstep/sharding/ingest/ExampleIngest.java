package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/**
 * Examples that a Spark program has made become data shards. The result depends on the order of the
 * examples, not on how the RDD is partitioned: they are counted, numbered and shuffled into shards
 * of a fixed number of examples. The RDD is computed twice; it must give the same examples in the
 * same order each time.
 */
public final class ExampleIngest {

  private ExampleIngest() {}

  /**
   * Writes a dataset.
   *
   * @param examples in the order to be kept
   * @param tensors what each example has
   * @param classes names of classes, by tensor; may be empty
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming the first example that does not fit
   */
  public static ShardedDataset ingest(
      JavaRDD<Example> examples,
      List<TensorSpec> tensors,
      Map<String, List<String>> classes,
      String location,
      ShardingOptions options)
      throws IOException {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(examples.context());
    Staging.refuseExisting(location, spark.hadoopConfiguration(), options.ifExists());
    List<Long> counts = examples.mapPartitions(ExampleIngest::count).collect();
    long[] firsts = new long[counts.size()];
    for (int p = 1; p < firsts.length; p++) {
      firsts[p] = firsts[p - 1] + counts.get(p - 1);
    }
    long total = counts.stream().mapToLong(Long::longValue).sum();
    if (total == 0) {
      throw new InvalidDataException("the RDD for %s holds no example".formatted(options.name()));
    }
    long shardExamples = options.shardExamplesFor(tensors);
    int shards = Math.toIntExact((total + shardExamples - 1) / shardExamples);
    JavaPairRDD<Long, float[][]> numbered =
        examples
            .mapPartitionsWithIndex((partition, each) -> numbered(firsts[partition], each), true)
            .mapToPair(pair -> pair);
    JavaRDD<Example> ordered =
        numbered
            .repartitionAndSortWithinPartitions(new FixedRanges(shards, shardExamples))
            .values()
            .map(Example::of);
    return ShardJob.write(
        spark,
        ordered,
        new ShardJob.Contents(tensors, classes, Map.of("format", "examples"), DataRecipe.NONE),
        location,
        options);
  }

  private static Iterator<Long> count(Iterator<Example> examples) {
    long count = 0;
    while (examples.hasNext()) {
      examples.next();
      count++;
    }
    return List.of(count).iterator();
  }

  /** As arrays, which every serializer knows. */
  private static Iterator<Tuple2<Long, float[][]>> numbered(
      long first, Iterator<Example> examples) {
    return new Iterator<>() {
      private long number = first;

      @Override
      public boolean hasNext() {
        return examples.hasNext();
      }

      @Override
      public Tuple2<Long, float[][]> next() {
        return new Tuple2<>(
            number++, new ArrayList<>(examples.next().values()).toArray(new float[0][]));
      }
    };
  }
}
