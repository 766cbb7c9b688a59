package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.store.Datasets;
import java.io.IOException;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Option;

/** Which data a command reads. */
final class DataOptions {

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "The data; any Hadoop URI.")
  private String data;

  /**
   * The data as data shards.
   *
   * @param shards folder to write them to, if they are not data shards already
   */
  Dataset open(SparkSession spark, String shards) throws IOException {
    return Datasets.open(data, spark.sparkContext().hadoopConfiguration());
  }
}
