package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.ingest.CsvIngest;
import dev.lockstep.sharding.ingest.CsvOptions;
import dev.lockstep.sharding.ingest.IdxIngest;
import dev.lockstep.sharding.ingest.IdxOptions;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.store.Datasets;
import dev.lockstep.sharding.store.IfExists;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Option;

/** Which data a command reads, and how. */
final class DataOptions {

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
      description = "Their format (default: shards if PATH holds a manifest.json).")
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

  /**
   * The data as data shards.
   *
   * @param shards folder to write them to, if they are not data shards already
   */
  Dataset open(SparkSession spark, String shards, IfExists ifExists) throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    if (format() == Format.SHARDS) {
      return Datasets.open(qualified(data, hadoop), hadoop);
    }
    return ingest(spark, shards, ShardingOptions.named(name()).ifExists(ifExists));
  }

  /** Writes the data as data shards. */
  Dataset ingest(SparkSession spark, String location, ShardingOptions options) throws IOException {
    JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    String input = qualified(data, hadoop);
    String output = qualified(location, hadoop);
    return switch (format()) {
      case CSV -> CsvIngest.ingest(context, input, output, csv(), options);
      case IDX -> IdxIngest.ingest(context, input, output, IdxOptions.defaults(), options);
      case SHARDS ->
          throw new IllegalArgumentException(
              "data="
                  + data
                  + " are data shards already: name another --format, or use them as"
                  + " they are");
    };
  }

  String name() {
    return new Path(data).getName();
  }

  private Format format() {
    return format == null ? Format.SHARDS : format;
  }

  private CsvOptions csv() {
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
    return classes == null ? csv : csv.classes(classes);
  }

  /** Executors have another working directory. */
  private static String qualified(String location, Configuration hadoop) throws IOException {
    Path path = new Path(location);
    return path.getFileSystem(hadoop).makeQualified(path).toString();
  }
}
