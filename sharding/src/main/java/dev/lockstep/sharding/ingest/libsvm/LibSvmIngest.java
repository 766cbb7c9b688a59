package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.Closing;
import dev.lockstep.sharding.ingest.InputFiles;
import dev.lockstep.sharding.ingest.PreferredHosts;
import dev.lockstep.sharding.ingest.ShardJob;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.ingest.text.TextRange.TextFile;
import dev.lockstep.sharding.prepare.ClassLabels;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * LIBSVM text becomes data shards: tensor {@code features} of shape {@code [features]} with every
 * zero written out, and {@code labels}. Lines keep their order, files are taken by name; the text
 * is cut at fixed byte positions, where about the wanted size of a data shard is reached.
 * Compressed files (by their extension) are read whole.
 *
 * <p>The text is read twice: once to count examples, features and classes.
 */
public final class LibSvmIngest {

  /** 64 MiB an example. */
  private static final int MAX_FEATURES = 1 << 24;

  private LibSvmIngest() {}

  /**
   * Writes a dataset.
   *
   * @param input a file, a folder (all its files but those whose names begin with {@code .} or
   *     {@code _}), or a glob; any Hadoop URI
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming file and line
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      LibSvmOptions libSvm,
      ShardingOptions options)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Staging.refuseExisting(location, hadoop, options.ifExists());
    List<TextFile> files = InputFiles.list(input, hadoop);
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    LabelKind labelKind = libSvm.labelKind();
    LibSvmScan scan =
        LibSvmScan.run(
            spark,
            TextRange.groups(files, options.layout().shardBytes()),
            labelKind,
            options.badData(),
            conf);
    int features = features(input, libSvm, scan);
    ClassLabels classes =
        libSvm.classes().isEmpty()
            ? ClassLabels.sorted(scan.labels())
            : ClassLabels.given(libSvm.classes());
    List<TensorSpec> tensors = tensors(features, labelKind, classes);
    List<List<TextRange>> groups =
        TextRange.groups(files, textBytes(files, scan.examples(), tensors, options));
    return ShardJob.write(
        spark,
        PreferredHosts.partitions(spark, groups)
            .flatMap(
                part ->
                    Closing.atTaskEnd(
                        TaskContext.get(),
                        () ->
                            new LibSvmExamples(
                                groups.get(part), labelKind, features, classes, conf.value()))),
        new ShardJob.Contents(
            tensors,
            labelKind == LabelKind.CLASSIFICATION ? Map.of("labels", classes.names()) : Map.of(),
            Map.of("format", "libsvm", "input", input),
            DataRecipe.NONE),
        location,
        options);
  }

  private static int features(String input, LibSvmOptions libSvm, LibSvmScan scan)
      throws InvalidDataException {
    if (scan.examples() == 0) {
      throw new InvalidDataException("%s holds no example".formatted(input));
    }
    int features =
        libSvm.features() == LibSvmOptions.FIND ? scan.highestIndex() : libSvm.features();
    if (features == 0) {
      throw new InvalidDataException(
          "%s holds no index:value: give the number of features".formatted(input));
    }
    if (features > MAX_FEATURES) {
      throw new InvalidDataException(
          "%s: features=%d > %d, the most that one example may have with every zero written out: choose or hash features first"
              .formatted(input, features, MAX_FEATURES));
    }
    long bytes = Math.multiplyExact(scan.examples(), (long) Float.BYTES * features);
    if (bytes > libSvm.maxBytes()) {
      throw new InvalidDataException(
          "%s: %d examples of features=%d take %d bytes with every zero written out > maxBytes=%d: choose or hash features first, or raise maxBytes"
              .formatted(input, scan.examples(), features, bytes, libSvm.maxBytes()));
    }
    return features;
  }

  private static List<TensorSpec> tensors(int features, LabelKind labelKind, ClassLabels classes) {
    List<TensorSpec> tensors = new ArrayList<>();
    tensors.add(
        new TensorSpec(
            "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(features)));
    switch (labelKind) {
      case NONE -> {}
      case REGRESSION ->
          tensors.add(
              new TensorSpec(
                  "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.FLOAT32, List.of(1)));
      case CLASSIFICATION ->
          tensors.add(
              new TensorSpec(
                  "labels",
                  TensorSpec.Role.LABELS,
                  TensorSpec.Encoding.CLASS_INDEX,
                  List.of(classes.names().size())));
    }
    return tensors;
  }

  /** Bytes of text, as stored, that make about one data shard. */
  private static long textBytes(
      List<TextFile> files, long examples, List<TensorSpec> tensors, ShardingOptions options) {
    long text = files.stream().mapToLong(TextFile::length).sum();
    long shards = Math.max(1, examples / options.shardExamplesFor(tensors));
    return Math.max(1, (text + shards - 1) / shards);
  }
}
