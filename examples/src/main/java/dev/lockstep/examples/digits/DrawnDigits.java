package dev.lockstep.examples.digits;

import dev.lockstep.examples.digits.IdxFiles.Compression;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A dataset of drawn digits, made the way that real images take: they are written as IDX files,
 * which a Spark job turns into data shards. What an earlier run left is used again. Lives on the
 * driver.
 *
 * @param generator of the digits
 * @param folder of files and shards, on a disk that driver and executors share
 * @param console is told what takes a while
 */
public record DrawnDigits(DigitGenerator generator, Path folder, Consumer<String> console) {

  /** The digits 0 to 9. */
  private static final int CLASSES = 10;

  private static final String PREFIX = "digits";

  /**
   * Digits {@code [from, to)} as data shards.
   *
   * @param purpose for the console: "drawing 2,000 digits to" do what
   * @param normalisation of the pixels
   * @throws IOException if files cannot be written or read
   */
  public ShardedDataset shards(
      JavaSparkContext spark, int from, int to, String purpose, Normalization normalisation)
      throws IOException {
    Path home = folder.resolve("%s-%d-%d-%d".formatted(PREFIX, generator.seed(), from, to));
    String location =
        Lab.location(
            home.resolve(
                "shards-%s-%s".formatted(normalisation.mean(), normalisation.deviation())));
    if (ShardedDatasets.exists(location, spark.hadoopConfiguration())) {
      return ShardedDatasets.open(location, spark.hadoopConfiguration());
    }
    console.accept(String.format(Locale.ROOT, "drawing %,d digits to %s", to - from, purpose));
    Path idx = home.resolve("idx");
    IdxFiles.write(generator, from, to, idx, PREFIX, Compression.GZIP);
    return IdxIngest.ingest(
        spark,
        Lab.location(idx),
        location,
        new IdxOptions(PREFIX + "-", CLASSES, IdxOptions.Items.ALL, normalisation),
        ShardingOptions.named(PREFIX));
  }
}
