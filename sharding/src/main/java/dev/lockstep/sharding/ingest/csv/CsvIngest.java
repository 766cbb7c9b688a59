package dev.lockstep.sharding.ingest.csv;

import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.table.TableIngest;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * CSV files become data shards. Rows keep their order, files are taken by name; the text is cut at
 * fixed byte positions, one data shard a piece. Compressed files (by their extension) are read
 * whole. An {@code input} is a file, a folder (all its files but those whose names begin with
 * {@code .} or {@code _}), or a glob; any Hadoop URI.
 */
public final class CsvIngest {

  private CsvIngest() {}

  /**
   * Writes a dataset of two tensors: {@code features} of shape {@code [columns but the label]}, as
   * numbers, and {@code labels}.
   *
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming file and line
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      CsvOptions csv,
      ShardingOptions options)
      throws IOException {
    CsvTable table = CsvTable.open(spark, input, csv, options.layout().shardBytes());
    return TableIngest.ingest(spark, table, recipe(table, csv), location, options);
  }

  /**
   * Writes a dataset as a recipe says.
   *
   * @param csv how the text is to be read; its label is not looked at
   * @throws InvalidDataException naming file and line
   * @throws IllegalArgumentException if a column of the recipe is not there
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      CsvOptions csv,
      TableRecipe recipe,
      ShardingOptions options)
      throws IOException {
    CsvTable table = CsvTable.open(spark, input, csv, options.layout().shardBytes());
    return TableIngest.ingest(spark, table, recipe, location, options);
  }

  /** The same as other data were prepared: nothing is fitted. */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      CsvOptions csv,
      FittedTransform fitted,
      ShardingOptions options)
      throws IOException {
    CsvTable table = CsvTable.open(spark, input, csv, options.layout().shardBytes());
    return TableIngest.ingest(spark, table, fitted, location, options);
  }

  /** Names of the columns of CSV files. */
  public static List<String> columns(JavaSparkContext spark, String input, CsvOptions csv)
      throws IOException {
    return CsvTable.open(spark, input, csv, Long.MAX_VALUE / 2).columns();
  }

  private static TableRecipe recipe(CsvTable table, CsvOptions csv) throws InvalidDataException {
    List<String> columns = table.columns();
    int label = label(table, csv);
    List<ColumnRecipe> features = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      if (c != label) {
        features.add(ColumnRecipe.of(columns.get(c), ColumnTransform.NUMBER));
      }
    }
    if (features.isEmpty()) {
      throw new InvalidDataException(
          "%s has %d column, so no feature beside the label: is the delimiter '%s' right?"
              .formatted(table.firstFile(), columns.size(), csv.delimiter()));
    }
    TensorRecipe inputs =
        new TensorRecipe("features", Role.FEATURES, features, TensorRecipe.NO_SEQUENCE);
    return switch (csv.labelKind()) {
      case NONE -> TableRecipe.of(inputs);
      case REGRESSION ->
          TableRecipe.of(
              inputs,
              TensorRecipe.of(
                  "labels",
                  Role.LABELS,
                  ColumnRecipe.of(columns.get(label), ColumnTransform.NUMBER)));
      case CLASSIFICATION ->
          TableRecipe.of(
              inputs,
              TensorRecipe.of(
                  "labels",
                  Role.LABELS,
                  new ColumnRecipe(columns.get(label), ColumnTransform.CLASS, csv.classes())));
    };
  }

  private static int label(CsvTable table, CsvOptions csv) throws InvalidDataException {
    List<String> columns = table.columns();
    List<String> header = table.header();
    if (csv.labelKind() == LabelKind.NONE) {
      return -1;
    }
    if (csv.label().equals(CsvOptions.LAST)) {
      return columns.size() - 1;
    }
    if (header.indexOf(csv.label()) != header.lastIndexOf(csv.label())) {
      throw new InvalidDataException(
          "%s has several columns named %s: give the label's index"
              .formatted(table.firstFile(), csv.label()));
    }
    if (header.contains(csv.label())) {
      return header.indexOf(csv.label());
    }
    if (csv.label().matches("\\d{1,9}")) {
      int index = Integer.parseInt(csv.label());
      if (index < columns.size()) {
        return index;
      }
      throw new InvalidDataException(
          "label column %d of %s is not in [0, columns=%d)"
              .formatted(index, table.firstFile(), columns.size()));
    }
    throw new InvalidDataException(
        header.isEmpty()
            ? "label column %s of %s: without a header, give its index"
                .formatted(csv.label(), table.firstFile())
            : "%s has no column %s: its columns are %s"
                .formatted(table.firstFile(), csv.label(), header));
  }
}
