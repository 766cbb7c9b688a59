package dev.lockstep.sharding.ingest.idx;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.Closing;
import dev.lockstep.sharding.ingest.ShardJob;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.Staging;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Images and labels in IDX files, as MNIST and its relatives come, plain or gzip, become data
 * shards: tensor {@code features} of shape {@code [1, height, width]} with values byte/255, or what
 * {@link IdxOptions#normalized} makes of them, and class index {@code labels}. Shards are fixed
 * ranges of items.
 */
public final class IdxIngest {

  private static final List<String> PREFIXES = List.of("", "train-", "t10k-");
  private static final List<String> SUFFIXES = List.of("-ubyte", "-ubyte.gz");

  private IdxIngest() {}

  /**
   * Writes a dataset.
   *
   * @param input folder that holds {@code [prefix]images-idx3-ubyte[.gz]} and {@code
   *     [prefix]labels-idx1-ubyte[.gz]}
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming file and item
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      IdxOptions idx,
      ShardingOptions options)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Staging.refuseExisting(location, hadoop, options.ifExists());
    Path folder = new Path(input);
    FileSystem files = folder.getFileSystem(hadoop);
    String prefix = prefix(files, folder, idx);
    IdxFile images = IdxFile.open(find(files, folder, prefix + "images", 3), 3, hadoop);
    IdxFile labels = IdxFile.open(find(files, folder, prefix + "labels", 1), 1, hadoop);
    if (images.items() != labels.items()) {
      throw new InvalidDataException(
          "%s has %d images, %s %d labels: they do not belong together"
              .formatted(images.path(), images.items(), labels.path(), labels.items()));
    }
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    int classes = idx.classes() == IdxOptions.COUNT ? count(spark, labels, conf) : idx.classes();
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(
                "features",
                TensorSpec.Role.FEATURES,
                TensorSpec.Encoding.FLOAT32,
                List.of(1, images.dimensions().get(1), images.dimensions().get(2))),
            new TensorSpec(
                "labels",
                TensorSpec.Role.LABELS,
                TensorSpec.Encoding.CLASS_INDEX,
                List.of(classes)));
    if (idx.items().from() >= images.items()) {
      throw new InvalidDataException(
          "items from=%d: %s has %d: begin before that"
              .formatted(idx.items().from(), images.path(), images.items()));
    }
    int items = Math.min(idx.items().to(), images.items()) - idx.items().from();
    long shardItems = options.shardExamplesFor(tensors);
    int shards = (int) ((items + shardItems - 1) / shardItems);
    return ShardJob.write(
        spark,
        ShardJob.partitions(spark, shards)
            .flatMap(shard -> open(images, labels, classes, idx, shard, shardItems, conf)),
        new ShardJob.Contents(
            tensors,
            Map.of("labels", IntStream.range(0, classes).mapToObj(String::valueOf).toList()),
            Map.of(
                "format", "idx",
                "images", images.path(),
                "labels", labels.path(),
                "firstItem", String.valueOf(idx.items().from()),
                "items", String.valueOf(items),
                "mean", String.valueOf(idx.normalization().mean()),
                "deviation", String.valueOf(idx.normalization().deviation())),
            DataRecipe.of(new IdxOptions(prefix, classes, idx.items(), idx.normalization()))),
        location,
        options);
  }

  private static Iterator<Example> open(
      IdxFile images,
      IdxFile labels,
      int classes,
      IdxOptions idx,
      int shard,
      long shardItems,
      SerializableConfiguration conf)
      throws IOException {
    long from = idx.items().from() + shard * shardItems;
    long end = Math.min(idx.items().to(), images.items());
    IdxOptions.Items items =
        new IdxOptions.Items((int) from, (int) Math.min(end, from + shardItems));
    return Closing.atTaskEnd(
        TaskContext.get(),
        () -> new IdxExamples(images, labels, classes, items, idx.normalization(), conf.value()));
  }

  /** Highest label + 1, found by one task: a label is one byte. */
  private static int count(JavaSparkContext spark, IdxFile labels, SerializableConfiguration conf)
      throws IOException {
    int highest =
        ShardJob.partitions(spark, 1).map(part -> IdxLabels.highest(labels, conf.value())).first();
    if (highest < 0) {
      throw new InvalidDataException(
          "%s is cut short: its header says %d items".formatted(labels.path(), labels.items()));
    }
    return highest + 1;
  }

  private static String prefix(FileSystem files, Path folder, IdxOptions idx) throws IOException {
    if (!files.exists(folder)) {
      throw new FileNotFoundException("no data at %s: it does not exist".formatted(folder));
    }
    if (!idx.prefix().equals(IdxOptions.FIND)) {
      return idx.prefix();
    }
    for (String prefix : PREFIXES) {
      for (String suffix : SUFFIXES) {
        if (files.exists(new Path(folder, prefix + "images-idx3" + suffix))) {
          return prefix;
        }
      }
    }
    throw new FileNotFoundException(
        "no IDX images in %s: looked for [train-|t10k-]images-idx3-ubyte[.gz]".formatted(folder));
  }

  private static Path find(FileSystem files, Path folder, String stem, int dimensions)
      throws IOException {
    for (String suffix : SUFFIXES) {
      Path path = new Path(folder, stem + "-idx" + dimensions + suffix);
      if (files.exists(path)) {
        return files.makeQualified(path);
      }
    }
    throw new FileNotFoundException(
        "no %s-idx%d-ubyte[.gz] in %s".formatted(stem, dimensions, folder));
  }
}
