package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SourceFingerprint;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.ingest.image.ImageIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmOptions;
import dev.lockstep.sharding.ingest.table.FileTableIngest;
import dev.lockstep.sharding.ingest.tfrecord.TfRecordIngest;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.cli.Heading.Common;
import dev.lockstep.trainer.cli.Heading.Under;
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
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which data a command reads, and how. */
@Under(Heading.DATA)
final class DataOptions {

  /** What the ingests call the tensor of the labels. */
  private static final String LABELS = "labels";

  /** Formats that data come in. */
  enum Format {
    /** Data shards, written by {@code lockstep shard}. */
    SHARDS,
    /** Text with delimiters. */
    CSV,
    /** Text with tabs. */
    TSV,
    /** Apache Parquet. */
    PARQUET,
    /** Apache ORC. */
    ORC,
    /** A JSON object a line. */
    JSON,
    /** Sparse text. */
    LIBSVM,
    /** Images and labels as MNIST has them. */
    IDX,
    /** A folder of images for each class. */
    IMAGES,
    /** TensorFlow's examples. */
    TFRECORD;

    boolean isText() {
      return this == CSV || this == TSV;
    }

    boolean isTable() {
      return isText() || this == PARQUET || this == ORC || this == JSON;
    }
  }

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
  private Format format;

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
  record Known(Map<String, List<String>> classes, Optional<FittedTransform> fittedTransform) {
    static final Known NOTHING = new Known(Map.of(), Optional.empty());
  }

  /**
   * What is to be held out.
   *
   * @param seed of the choice
   * @param validation fraction
   * @param stored whether it is in any case to be stored with the data shards
   */
  record HeldOut(long seed, double validation, boolean stored) {
    static final HeldOut NOTHING = new HeldOut(0, 0, false);
  }

  /** Whether the data are data shards already. */
  boolean areShards() {
    return format == null || format == Format.SHARDS;
  }

  /**
   * The data as data shards: those of an earlier run if the same files were read in the same way.
   *
   * @param shards folder to write them to, if they are not data shards already
   * @throws IllegalArgumentException if there is nothing to read, or other classes are in it
   */
  ShardedDataset open(
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
              + formats()
              + ", or shard it again");
    }
    return ShardedDatasets.open(path.toString(), hadoop);
  }

  private static String formats() {
    List<String> names = new ArrayList<>();
    for (Format each : Format.values()) {
      if (each != Format.SHARDS) {
        names.add(each.name().toLowerCase(Locale.ROOT));
      }
    }
    return String.join(", ", names.subList(0, names.size() - 1))
        + " or "
        + names.get(names.size() - 1);
  }

  /**
   * A dataset and whether it was there already.
   *
   * @param reused from the same files, read in the same way
   */
  record Ingested(ShardedDataset dataset, boolean reused) {}

  /** Writes the data as data shards, unless {@code location} holds them already. */
  Ingested ingest(
      SparkSession spark, String location, IfExists ifExists, Known known, HeldOut heldOut)
      throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    requireOptionsOfFormat();
    if (areShards()) {
      throw new IllegalArgumentException(
          "format of data=" + data + " is not given: name it with --format " + formats());
    }
    return new Ingesting(spark, qualified(location, hadoop), known).run(ifExists, heldOut);
  }

  /** One ingest: what it needs at several places. */
  private final class Ingesting {
    private final SparkSession spark;
    private final JavaSparkContext context;
    private final Configuration hadoop;
    private final String location;
    private final Known known;
    private final List<String> labels;

    Ingesting(SparkSession spark, String location, Known known) {
      this.spark = spark;
      this.context = new JavaSparkContext(spark.sparkContext());
      this.hadoop = spark.sparkContext().hadoopConfiguration();
      this.location = location;
      this.known = known;
      this.labels = known.classes().getOrDefault(LABELS, List.of());
    }

    Ingested run(IfExists ifExists, HeldOut heldOut) throws IOException {
      return reading(
          () -> {
            String input = qualified(data, hadoop);
            Optional<TableRecipe> recipe = recipe(input);
            ShardingOptions options = sharding(heldOut);
            String source =
                SourceFingerprint.of(
                    input,
                    List.of(format, csv(labels), recipe, known, images, columns.features(), options)
                        .toString(),
                    hadoop);
            Optional<ShardedDataset> before = sameAsBefore(source, ifExists);
            if (before.isPresent()) {
              return new Ingested(before.get(), true);
            }
            refuseOther(ifExists);
            return new Ingested(
                ingest(input, recipe, options.ifExists(ifExists).source(source)), false);
          });
    }

    private Optional<ShardedDataset> sameAsBefore(String source, IfExists ifExists)
        throws IOException {
      if (!ShardedDatasets.exists(location, hadoop)) {
        return Optional.empty();
      }
      ShardedDataset dataset;
      try {
        dataset = ShardedDatasets.open(location, hadoop);
      } catch (IOException e) {
        if (ifExists == IfExists.REPLACE) {
          return Optional.empty();
        }
        throw e;
      }
      boolean same = source.equals(dataset.manifest().provenance().get("source"));
      return same ? Optional.of(dataset) : Optional.empty();
    }

    private void refuseOther(IfExists ifExists) throws IOException {
      if (ifExists == IfExists.REFUSE && ShardedDatasets.exists(location, hadoop)) {
        throw new IllegalArgumentException(
            "out="
                + location
                + " holds a dataset already, of other data or read in another way: name another"
                + " folder with --out, or replace it with --overwrite");
      }
    }

    private Optional<TableRecipe> recipe(String input) throws IOException {
      if (!format.isTable()) {
        return Optional.empty();
      }
      if (known.fittedTransform().isPresent()) {
        requireNoOtherColumns(known.fittedTransform().get());
        return Optional.empty();
      }
      if (format.isText()) {
        boolean plain = columns.given().stream().allMatch(name -> name.equals("--label-column"));
        return plain
            ? Optional.empty()
            : Optional.of(
                columns.recipe(CsvIngest.columns(context, input, csv(List.of())), labels, hadoop));
      }
      return Optional.of(
          columns.recipe(FileTableIngest.columns(spark, fileFormat(), input), labels, hadoop));
    }

    private ShardedDataset ingest(
        String input, Optional<TableRecipe> recipe, ShardingOptions options) throws IOException {
      return switch (format) {
        case CSV, TSV -> {
          CsvOptions csv = csv(labels);
          yield known.fittedTransform().isPresent()
              ? CsvIngest.ingest(
                  context, input, location, csv, known.fittedTransform().get(), options)
              : recipe.isPresent()
                  ? CsvIngest.ingest(context, input, location, csv, recipe.get(), options)
                  : CsvIngest.ingest(context, input, location, csv, options);
        }
        case PARQUET, ORC, JSON ->
            known.fittedTransform().isPresent()
                ? FileTableIngest.ingest(
                    spark, fileFormat(), input, location, known.fittedTransform().get(), options)
                : FileTableIngest.ingest(
                    spark, fileFormat(), input, location, recipe.orElseThrow(), options);
        case LIBSVM ->
            LibSvmIngest.ingest(
                context,
                input,
                location,
                LibSvmOptions.of(columns.task()).classes(columns.classes(labels)),
                options);
        case IDX ->
            IdxIngest.ingest(
                context, input, location, new IdxOptions(IdxOptions.FIND, labels.size()), options);
        case IMAGES ->
            ImageIngest.ingest(
                context,
                input,
                location,
                images.options().classes(columns.classes(labels)),
                options);
        case TFRECORD ->
            TfRecordIngest.ingest(
                context, input, location, images.tfRecord(columns, labels), options);
        case SHARDS -> throw new IllegalStateException("data shards are not to be sharded");
      };
    }
  }

  /** The columns are those of the data that the model was trained on. */
  private void requireNoOtherColumns(FittedTransform fittedTransform) {
    List<String> labels =
        fittedTransform.tensors().stream()
            .filter(tensor -> tensor.role() == TensorSpec.Role.LABELS)
            .flatMap(tensor -> tensor.columns().stream())
            .map(FittedColumn::column)
            .toList();
    List<String> other = new ArrayList<>(columns.given());
    String given = columns.labelColumn();
    if (given == null || labels.contains(given) || given.matches("\\d+")) {
      other.remove("--label-column");
    }
    if (!other.isEmpty()) {
      throw new IllegalArgumentException(
          other
              + " for a model whose run knows its columns (labels="
              + labels
              + "): leave out, the data are prepared as those for training were");
    }
  }

  private FileTableIngest.Format fileFormat() {
    return FileTableIngest.Format.valueOf(format.name());
  }

  /**
   * How data shards are to be written. A split is stored where it is asked for, and where numbers
   * are learned from the training part; else a training makes its own.
   */
  private ShardingOptions sharding(HeldOut heldOut) {
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
    Format of = format == null ? Format.SHARDS : format;
    if (!of.isText() && header) {
      wrong.add("--header");
    }
    if (of != Format.CSV && delimiter != null) {
      wrong.add("--delimiter");
    }
    if (!of.isTable()) {
      List<String> given = new ArrayList<>(columns.given());
      if (of == Format.TFRECORD) {
        given.removeAll(List.of("--features", "--label-column"));
      }
      wrong.addAll(given);
      boolean labelled = of == Format.LIBSVM || of == Format.TFRECORD;
      if (!labelled && columns.isTaskGiven()) {
        wrong.add("--task");
      }
      if (!labelled && of != Format.IMAGES && columns.areClassesGiven()) {
        wrong.add("--classes");
      }
    }
    if (of != Format.IMAGES && of != Format.TFRECORD) {
      wrong.addAll(images.given());
    }
    if (of == Format.SHARDS && (testFraction != 0 || split != null)) {
      wrong.add(split == null ? "--test-fraction" : "--holdout");
    }
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException(
          String.join(", ", wrong)
              + " cannot be used with data="
              + data
              + " in format "
              + of.name().toLowerCase(Locale.ROOT)
              + ": leave out, or name another --format");
    }
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private <T> T reading(Reading<T> reading) throws IOException {
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
  void requireNoSplit() {
    if (testFraction != 0 || split != null) {
      throw new IllegalArgumentException(
          "--test-fraction and --holdout would not give the part that training left out: name the"
              + " data shards of the training, such as RUN/data, and --part test");
    }
  }

  String name() {
    return new Path(data).getName();
  }

  private CsvOptions csv(List<String> known) {
    CsvOptions csv = CsvOptions.of(header ? CsvOptions.Header.PRESENT : CsvOptions.Header.ABSENT);
    if (format == Format.TSV) {
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
  private static String qualified(String location, Configuration hadoop) throws IOException {
    Path path = new Path(location);
    return path.getFileSystem(hadoop).makeQualified(path).toString();
  }
}
