package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.ingest.CsvIngest;
import dev.lockstep.sharding.ingest.CsvOptions;
import dev.lockstep.sharding.ingest.IdxIngest;
import dev.lockstep.sharding.ingest.IdxOptions;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.store.Datasets;
import dev.lockstep.sharding.store.IfExists;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Option;

/** Which data a command reads, and how. */
final class DataOptions {

  /** What the ingests call the tensor of the labels. */
  private static final String LABELS = "labels";

  /** Formats that data come in. */
  enum Format {
    /** Data shards, written by {@code lockstep shard}. */
    SHARDS,
    /** Text with delimiters. */
    CSV,
    /** Images and labels as MNIST has them. */
    IDX
  }

  /** What the label column of a CSV file holds. */
  enum Label {
    /** A class: text or integers. */
    CLASS,
    /** A number to predict. */
    NUMBER
  }

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "The data; any Hadoop URI.")
  private String data;

  @Option(
      names = "--format",
      paramLabel = "shards|csv|idx",
      description = "Their format (default: shards).")
  private Format format;

  @Option(names = "--header", description = "CSV: the first line of each file names the columns.")
  private boolean header;

  @Option(
      names = "--delimiter",
      paramLabel = "C",
      description = "CSV: character between values (default: a comma).")
  private Character delimiter;

  @Option(
      names = "--label-column",
      paramLabel = "NAME|INDEX",
      description = "CSV: column of the label (default: the last).")
  private String labelColumn;

  @Option(
      names = "--label",
      paramLabel = "class|number",
      description = "CSV: what the label is (default: class).")
  private Label label;

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "A,B,…",
      description =
          "CSV: the classes in the order of the model's outputs (default: those found, sorted).")
  private List<String> classes;

  /** Whether the data are data shards already. */
  boolean areShards() {
    return format == null || format == Format.SHARDS;
  }

  /**
   * The data as data shards.
   *
   * @param shards folder to write them to, if they are not data shards already
   * @param known for tensors of class indices: the classes that the model was trained on, by index;
   *     empty to take those of the data
   * @throws IllegalArgumentException if there is nothing to read, or other classes are in it
   */
  Dataset open(
      SparkSession spark, String shards, IfExists ifExists, Map<String, List<String>> known)
      throws IOException {
    requireOptionsOfFormat();
    if (!areShards()) {
      return ingest(spark, shards, ShardingOptions.named(name()).ifExists(ifExists), known);
    }
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    Dataset dataset = reading(() -> openShards(hadoop));
    requireSameClasses(known, dataset.shardSet().classes());
    return dataset;
  }

  private Dataset openShards(Configuration hadoop) throws IOException {
    Path path = new Path(qualified(data, hadoop));
    if (path.getFileSystem(hadoop).exists(path) && !Datasets.exists(path.toString(), hadoop)) {
      throw new IllegalArgumentException(
          "data="
              + data
              + " holds no manifest.json, so it is no complete dataset of data shards: name its"
              + " --format csv or idx, or shard it again");
    }
    return Datasets.open(path.toString(), hadoop);
  }

  /**
   * Writes the data as data shards.
   *
   * @param known as for {@link #open}
   */
  Dataset ingest(
      SparkSession spark, String location, ShardingOptions options, Map<String, List<String>> known)
      throws IOException {
    JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    requireOptionsOfFormat();
    if (areShards()) {
      throw new IllegalArgumentException(
          "format of data=" + data + " is not given: name it with --format csv or idx");
    }
    if (options.ifExists() == IfExists.REFUSE && Datasets.exists(location, hadoop)) {
      throw new IllegalArgumentException(
          "out="
              + location
              + " holds a dataset already: name another folder with --out, or replace it with"
              + " --overwrite");
    }
    List<String> labels = known.getOrDefault(LABELS, List.of());
    return reading(
        () -> {
          String input = qualified(data, hadoop);
          String output = qualified(location, hadoop);
          return format == Format.CSV
              ? CsvIngest.ingest(context, input, output, csv(labels), options)
              : IdxIngest.ingest(
                  context, input, output, new IdxOptions(IdxOptions.FIND, labels.size()), options);
        });
  }

  /** An option without effect would hide a mistake. */
  private void requireOptionsOfFormat() {
    boolean given =
        header || delimiter != null || labelColumn != null || label != null || classes != null;
    if (given && format != Format.CSV) {
      throw new IllegalArgumentException(
          "--header, --delimiter, --label-column, --label and --classes are for --format csv, not"
              + " for data="
              + data
              + (areShards() ? " in data shards" : " in idx")
              + ": leave them out");
    }
  }

  private interface Reading {
    Dataset read() throws IOException;
  }

  private Dataset reading(Reading reading) throws IOException {
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

  String name() {
    return new Path(data).getName();
  }

  private CsvOptions csv(List<String> known) {
    CsvOptions csv = CsvOptions.of(header ? CsvOptions.Header.PRESENT : CsvOptions.Header.ABSENT);
    if (delimiter != null) {
      csv = csv.delimiter(delimiter);
    }
    if (labelColumn != null) {
      csv = csv.label(labelColumn);
    }
    if (label == Label.NUMBER) {
      csv = csv.labelKind(CsvOptions.LabelKind.REGRESSION);
    }
    if (classes != null) {
      return csv.classes(classes);
    }
    return label == Label.NUMBER ? csv : csv.classes(known);
  }

  /** Executors have another working directory. */
  private static String qualified(String location, Configuration hadoop) throws IOException {
    Path path = new Path(location);
    return path.getFileSystem(hadoop).makeQualified(path).toString();
  }
}
