package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardSet;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/** The Spark job that all ingests end in. Driver side. */
final class ShardJob {

  private ShardJob() {}

  /** Numbers 0 … parts-1, one per partition: partitions that no setting of the cluster changes. */
  static JavaRDD<Integer> parts(JavaSparkContext spark, int parts) {
    return spark.parallelize(IntStream.range(0, parts).boxed().toList(), parts);
  }

  /**
   * Writes each partition as a data shard, and the manifest when all are there.
   *
   * @param shards examples in order, partitioned as the shards are to be
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
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    try (Staging staging = Staging.begin(location, conf.value(), options.ifExists())) {
      List<DataShard> written = new ArrayList<>();
      for (byte[] bytes :
          shards
              .mapPartitionsWithIndex(
                  new WriteShard(staging.folder(), tensors, options, conf), false)
              .collect()) {
        ShardResult result = ShardResult.fromBytes(bytes);
        if (!result.problems().isEmpty()) {
          throw new InvalidDataException(result.problems().get(0));
        }
        written.addAll(result.shards());
      }
      if (written.isEmpty()) {
        throw new InvalidDataException("the data for %s hold no example".formatted(options.name()));
      }
      return staging.commit(
          written,
          named ->
              new ShardSet(
                  ShardSet.FORMAT_VERSION, options.name(), tensors, classes, named, provenance));
    }
  }
}
