package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Files with columns of known types, read by Spark, become data shards. Rows are taken by path,
 * then as they lie in the file, however Spark cuts the files.
 */
public final class FileTableIngest {

  /** The column that Spark adds where a line cannot be read. */
  private static final String CORRUPT = "_corrupt_record";

  private FileTableIngest() {}

  /** What Spark is to read. */
  public enum Format {
    /** Apache Parquet. */
    PARQUET,
    /** Apache ORC. */
    ORC,
    /** One JSON object a line. */
    JSON
  }

  /**
   * Writes a dataset as a recipe says.
   *
   * @param input a file, a folder or a glob; any Hadoop URI
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming the first row that is bad
   * @throws IllegalArgumentException if a column of the recipe is not there, or of a type that
   *     cannot be used
   */
  public static ShardedDataset ingest(
      SparkSession spark,
      Format format,
      String input,
      String location,
      TableRecipe recipe,
      ShardingOptions options)
      throws IOException {
    return TableIngest.ingest(
        context(spark), open(spark, format, input), recipe, location, options);
  }

  /** The same as other data were prepared: nothing is fitted. */
  public static ShardedDataset ingest(
      SparkSession spark,
      Format format,
      String input,
      String location,
      FittedTransform fitted,
      ShardingOptions options)
      throws IOException {
    return TableIngest.ingest(
        context(spark), open(spark, format, input), fitted, location, options);
  }

  /** Names of the columns of the files. */
  public static List<String> columns(SparkSession spark, Format format, String input)
      throws IOException {
    return open(spark, format, input).columns();
  }

  private static JavaSparkContext context(SparkSession spark) {
    return JavaSparkContext.fromSparkContext(spark.sparkContext());
  }

  private static SparkTable open(SparkSession spark, Format format, String input)
      throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    AddressSecrets.requireNone("data", input);
    Path path = new Path(input);
    FileStatus[] found = path.getFileSystem(hadoop).globStatus(path);
    if (found == null || found.length == 0) {
      throw new FileNotFoundException("no data at %s: it does not exist".formatted(input));
    }
    String name = format.name().toLowerCase(Locale.ROOT);
    org.apache.spark.sql.Dataset<Row> table;
    try {
      table = spark.read().format(name).load(input);
    } catch (Exception e) {
      // Spark throws its own checked exception, which its Java methods do not declare.
      if (e instanceof RuntimeException unchecked && !isSparks(e)) {
        throw unchecked;
      }
      throw new InvalidDataException(
          "%s cannot be read as %s: %s".formatted(input, name, firstLine(e)));
    }
    if (table.columns().length == 0) {
      throw new InvalidDataException("%s is empty: it has no columns".formatted(input));
    }
    if (List.of(table.columns()).contains(CORRUPT)) {
      throw new InvalidDataException(
          "%s has lines that are no JSON objects: correct or remove them".formatted(input));
    }
    return SparkTable.files(table, name, input);
  }

  private static boolean isSparks(Exception e) {
    return e.getClass().getName().startsWith("org.apache.spark.");
  }

  private static String firstLine(Exception e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse(message);
  }
}
