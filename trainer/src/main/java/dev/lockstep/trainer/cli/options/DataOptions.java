package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which data a command reads, and how. */
@Under(Heading.DATA)
public final class DataOptions {

  @Common
  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "Data to read: a file or folder, any Hadoop URI.")
  private String data;

  @Common
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "shards, csv, tsv, parquet, orc, json, libsvm, idx, images or tfrecord (default:"
              + " shards).")
  private DataFormat format;

  @Common
  @Option(
      names = "--header",
      description = "CSV and TSV: the first line of each file has the column names.")
  private boolean header;

  @Option(
      names = "--delimiter",
      paramLabel = "C",
      description = "CSV: character between values (default: comma).")
  private Character delimiter;

  @Mixin private ColumnOptions columns = new ColumnOptions();
  @Mixin private ImageDataOptions images = new ImageDataOptions();

  @Option(
      names = "--test-fraction",
      defaultValue = "0",
      paramLabel = "F",
      description =
          "Fraction of the examples to keep for testing. Not with --format shards (default: 0).")
  private double testFraction;

  @Option(
      names = "--holdout",
      paramLabel = "random|stratified|chronological",
      description =
          "How to choose the examples for validation and test: at random, at random with the"
              + " class proportions kept, or the last ones. The choice is stored with the data"
              + " shards. Not with --format shards (default: random).")
  private SplitSpec.Method split;

  @Option(
      names = "--on-bad-data",
      defaultValue = "fail",
      paramLabel = "fail|skip",
      description = "Stop at a row that cannot be read, or skip and count it (default: fail).")
  private BadData badData;

  @Option(
      names = "--shard-compression",
      defaultValue = "none",
      paramLabel = "none|lz4|zstd",
      description = "Compression of the data shards to write (default: none).")
  private ShardCompression compression;

  @Option(
      names = "--shard-megabytes",
      defaultValue = "64",
      paramLabel = "N",
      description = "Size of the data shards to write, in MiB (default: 64).")
  private long shardMegabytes;

  @Option(
      names = "--block-examples",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Examples of a block, the unit of reading; 0 chooses from their size (default: 0).")
  private int blockExamples;

  /**
   * What is known of the data that a model was trained on.
   *
   * @param classes for tensors of class indices: their names, by index; empty to take those found
   * @param fittedTransform how columns became tensors; empty to fit it
   */
  public record Known(
      Map<String, List<String>> classes, Optional<FittedTransform> fittedTransform) {
    public static final Known NOTHING = new Known(Map.of(), Optional.empty());
  }

  /**
   * What is to be held out.
   *
   * @param seed of the choice
   * @param validation fraction
   * @param stored whether it is in any case to be stored with the data shards
   */
  public record HeldOut(long seed, double validation, boolean stored) {
    public static final HeldOut NOTHING = new HeldOut(0, 0, false);
  }

  /** Whether the data are data shards already. */
  public boolean areShards() {
    return format == null || format == DataFormat.SHARDS;
  }

  /**
   * The data as data shards: those of an earlier run if the same files were read in the same way.
   *
   * @param shards folder to write them to, if they are not data shards already
   * @throws IllegalArgumentException if there is nothing to read, or other classes are in it
   */
  public ShardedDataset open(
      SparkSession spark, String shards, IfExists ifExists, Known known, HeldOut heldOut)
      throws IOException {
    requireOptionsOfFormat();
    if (!areShards()) {
      return ingest(spark, shards, ifExists, known, heldOut).dataset();
    }
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    ShardedDataset dataset = reading(() -> openShards(hadoop));
    requireSameClasses(known.classes(), dataset.manifest().classes());
    requireSameTransform(known.fittedTransform(), dataset.manifest().recipe().fitted());
    return dataset;
  }

  private ShardedDataset openShards(Configuration hadoop) throws IOException {
    Path path = new Path(qualified(data, hadoop));
    if (path.getFileSystem(hadoop).exists(path)
        && !ShardedDatasets.exists(path.toString(), hadoop)) {
      throw new IllegalArgumentException(
          "data="
              + data
              + " holds no manifest.json, so it is no complete dataset of data shards: name its"
              + " --format "
              + DataFormat.raw()
              + ", or shard it again");
    }
    return ShardedDatasets.open(path.toString(), hadoop);
  }

  /**
   * A dataset and whether it was there already.
   *
   * @param reused from the same files, read in the same way
   */
  public record Ingested(ShardedDataset dataset, boolean reused) {}

  /** Writes the data as data shards, unless {@code location} holds them already. */
  public Ingested ingest(
      SparkSession spark, String location, IfExists ifExists, Known known, HeldOut heldOut)
      throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    requireOptionsOfFormat();
    if (areShards()) {
      throw new IllegalArgumentException(
          "format of data=" + data + " is not given: name it with --format " + DataFormat.raw());
    }
    return new DataIngest(this, spark, qualified(location, hadoop), known).run(ifExists, heldOut);
  }

  /**
   * How data shards are to be written. A split is stored where it is asked for, and where numbers
   * are learned from the training part; else a training makes its own.
   */
  ShardingOptions sharding(HeldOut heldOut) {
    if (split != null && heldOut.validation() == 0 && testFraction == 0) {
      throw new IllegalArgumentException(
          "split="
              + split.name().toLowerCase(Locale.ROOT)
              + " without a fraction: give --validation-fraction or --test-fraction");
    }
    boolean stored = heldOut.stored() || testFraction > 0 || split != null || columns.isFitted();
    SplitSpec splitting =
        !stored || (heldOut.validation() == 0 && testFraction == 0)
            ? SplitSpec.NONE
            : new SplitSpec(
                heldOut.seed(),
                heldOut.validation(),
                testFraction,
                split == null ? SplitSpec.Method.RANDOM : split);
    return ShardingOptions.named(name())
        .blockExamples(blockExamples)
        .shardBytes(Math.multiplyExact(shardMegabytes, 1L << 20))
        .compression(compression)
        .splitSpec(splitting)
        .badData(badData);
  }

  /** An option without effect would hide a mistake. */
  private void requireOptionsOfFormat() {
    AddressSecrets.requireNone("data", data);
    List<String> wrong = new ArrayList<>();
    DataFormat of = format == null ? DataFormat.SHARDS : format;
    if (!of.isText() && header) {
      wrong.add("--header");
    }
    if (of != DataFormat.CSV && delimiter != null) {
      wrong.add("--delimiter");
    }
    if (!of.isTable()) {
      List<String> given = new ArrayList<>(columns.given());
      if (of == DataFormat.TFRECORD) {
        given.removeAll(List.of("--features", "--label-column"));
      }
      wrong.addAll(given);
      boolean labelled = of == DataFormat.LIBSVM || of == DataFormat.TFRECORD;
      if (!labelled && columns.isTaskGiven()) {
        wrong.add("--task");
      }
      if (!labelled && of != DataFormat.IMAGES && columns.areClassesGiven()) {
        wrong.add("--classes");
      }
    }
    if (of != DataFormat.IMAGES && of != DataFormat.TFRECORD) {
      wrong.addAll(images.given());
    }
    if (of == DataFormat.SHARDS && (testFraction != 0 || split != null)) {
      wrong.add(split == null ? "--test-fraction" : "--holdout");
    }
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException(
          String.join(", ", wrong)
              + " cannot be used with data="
              + data
              + " in format "
              + of.text()
              + ": leave out, or name another --format");
    }
  }

  interface Reading<T> {
    T read() throws IOException;
  }

  <T> T reading(Reading<T> reading) throws IOException {
    try {
      return reading.read();
    } catch (FileNotFoundException
        | AccessControlException
        | UnsupportedFileSystemException e) { // also what local files without permission give
      throw new IllegalArgumentException(
          "data="
              + data
              + " cannot be read: "
              + e.getMessage()
              + ": name readable data with --data",
          e);
    }
  }

  /** Class i of the data must be class i of the model. */
  private void requireSameClasses(
      Map<String, List<String>> known, Map<String, List<String>> found) {
    known.forEach(
        (tensor, classes) -> {
          List<String> others = found.getOrDefault(tensor, classes);
          if (!others.equals(classes)) {
            throw new IllegalArgumentException(
                "data="
                    + data
                    + " has classes="
                    + others
                    + " != "
                    + classes
                    + " of the data that the model was trained on: shard the data again with"
                    + " --classes "
                    + String.join(",", classes));
          }
        });
  }

  /** Numbers of the data must be scaled as those that the model learned from. */
  private void requireSameTransform(Optional<FittedTransform> known, FittedTransform found) {
    if (known.isPresent() && found != null && !known.get().equals(found.unweighted())) {
      throw new IllegalArgumentException(
          "data="
              + data
              + " were prepared in another way than the data that the model was trained on: give"
              + " the raw data, or shard them again with --like RUN");
    }
  }

  /** A part of raw data would be split anew, not as for the training. */
  public void requireNoSplit() {
    if (testFraction != 0 || split != null) {
      throw new IllegalArgumentException(
          "--test-fraction and --holdout would not give the part that training left out: name the"
              + " data shards of the training, such as RUN/data, and --part test");
    }
  }

  String location() {
    return data;
  }

  DataFormat format() {
    return format;
  }

  ColumnOptions columns() {
    return columns;
  }

  ImageDataOptions images() {
    return images;
  }

  String name() {
    return new Path(data).getName();
  }

  CsvOptions csv(List<String> known) {
    CsvOptions csv = CsvOptions.of(header ? CsvOptions.Header.PRESENT : CsvOptions.Header.ABSENT);
    if (format == DataFormat.TSV) {
      csv = csv.delimiter('\t');
    } else if (delimiter != null) {
      csv = csv.delimiter(delimiter);
    }
    if (columns.labelColumn() != null) {
      csv = csv.label(columns.labelColumn());
    }
    csv = csv.labelKind(columns.task());
    return csv.classes(columns.classes(known));
  }

  /** Executors have another working directory. */
  static String qualified(String location, Configuration hadoop) throws IOException {
    Path path = new Path(location);
    return path.getFileSystem(hadoop).makeQualified(path).toString();
  }
}
