package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.ClassWeights;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.ingest.GoodItems;
import dev.lockstep.sharding.ingest.JavaSerialization;
import dev.lockstep.sharding.ingest.ShardJob;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.plan.SplitAssignment;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.ClassOf;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.ParsedRow;
import dev.lockstep.sharding.prepare.ParsedRows;
import dev.lockstep.sharding.prepare.RowExamples;
import dev.lockstep.sharding.prepare.SchemaScan;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;

/**
 * Writes tables as data shards, as a recipe says. The table is neither held nor cached, so each of
 * these Spark jobs reads it once:
 *
 * <ol>
 *   <li>The scan finds categories, array widths and sequence lengths, where the recipe does not
 *       give them.
 *   <li>The count of good rows, by class for a stratified split, is taken where a split is asked
 *       for. Which rows are good, and their class, follows from the scan.
 *   <li>The fit of means, deviations and class weights is made where the recipe needs them. It
 *       takes training rows alone, and which rows these are follows from the count.
 *   <li>The writing applies the fitted numbers.
 * </ol>
 *
 * <p>Each job needs the result of the one before. Other data for the same model need no scan and no
 * fit.
 */
public final class TableIngest {

  private TableIngest() {}

  /**
   * Writes a table of Spark SQL as a dataset. Its rows are taken in an order that follows from
   * their content, since Spark gives none; name columns to {@code orderBy} for one that means
   * something.
   *
   * @param orderBy columns by which rows are ordered; may be empty
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming the first row that is bad
   * @throws IllegalArgumentException if the table lacks a column, or one has a type that cannot be
   *     used
   */
  public static ShardedDataset ingest(
      org.apache.spark.sql.Dataset<Row> table,
      List<String> orderBy,
      TableRecipe recipe,
      String location,
      ShardingOptions options)
      throws IOException {
    return ingest(spark(table), SparkTable.of(table, orderBy), recipe, location, options);
  }

  /** The same as other data were prepared: nothing is fitted. */
  public static ShardedDataset ingest(
      org.apache.spark.sql.Dataset<Row> table,
      List<String> orderBy,
      FittedTransform fitted,
      String location,
      ShardingOptions options)
      throws IOException {
    return ingest(spark(table), SparkTable.of(table, orderBy), fitted, location, options);
  }

  private static JavaSparkContext spark(org.apache.spark.sql.Dataset<Row> table) {
    return JavaSparkContext.fromSparkContext(table.sparkSession().sparkContext());
  }

  public static ShardedDataset ingest(
      JavaSparkContext spark,
      Table table,
      TableRecipe recipe,
      String location,
      ShardingOptions options)
      throws IOException {
    Staging.refuseExisting(location, spark.hadoopConfiguration(), options.ifExists());
    requireColumns(table, recipe.columns());
    requireOrder(table, recipe, options);
    Table read = table.select(recipe.columns());
    SchemaScan scan = scan(read, recipe, options.badData());
    FittedTransform unfitted = TransformBuilder.unfitted(recipe, scan);
    TableRecipe rows = WindowTable.recipe(recipe);
    Table shards = shards(read, recipe, unfitted, options);
    SplitAssignment assignment = assignment(shards, rows, unfitted, options);
    FittedTransform fitted = fitted(shards, rows, unfitted, assignment, options);
    return write(spark, shards, DataRecipe.of(recipe, fitted), assignment, location, options);
  }

  public static ShardedDataset ingest(
      JavaSparkContext spark,
      Table table,
      FittedTransform fitted,
      String location,
      ShardingOptions options)
      throws IOException {
    Staging.refuseExisting(location, spark.hadoopConfiguration(), options.ifExists());
    TableRecipe recipe = TableRecipe.of(fitted);
    requireColumns(table, recipe.columns());
    requireOrder(table, recipe, options);
    TableRecipe rows = WindowTable.recipe(recipe);
    Table shards = shards(table.select(recipe.columns()), recipe, fitted, options);
    SplitAssignment assignment = assignment(shards, rows, fitted, options);
    return write(spark, shards, DataRecipe.of(recipe, fitted), assignment, location, options);
  }

  private static void requireOrder(Table table, TableRecipe recipe, ShardingOptions options) {
    boolean chronological = options.splitSpec().method() == SplitSpec.Method.CHRONOLOGICAL;
    if (table.order() == Table.Order.BY_HASH && (recipe.window() != null || chronological)) {
      throw new IllegalArgumentException(
          "%s over rows that have no order: name the columns to order them by"
              .formatted(recipe.window() != null ? recipe.window() : "method=CHRONOLOGICAL"));
    }
  }

  /** The table whose rows are examples, partitioned as its data shards are to be. */
  private static Table shards(
      Table table, TableRecipe recipe, FittedTransform fitted, ShardingOptions options)
      throws IOException {
    long examples = options.shardExamplesFor(fitted.specs());
    return recipe.window() == null
        ? table.inShards(examples)
        : WindowTable.over(table, recipe, examples);
  }

  private static void requireColumns(Table table, List<String> wanted) {
    for (String column : wanted) {
      if (!table.columns().contains(column)) {
        throw new IllegalArgumentException(
            "%s has no column %s: its columns are %s"
                .formatted(table.provenance().get("input"), column, table.columns()));
      }
    }
  }

  private static SchemaScan scan(Table table, TableRecipe recipe, BadData badData)
      throws IOException {
    SchemaScan all = new SchemaScan(recipe);
    if (!needsScan(table, recipe)) {
      return all;
    }
    List<String> columns = table.columns();
    for (byte[] bytes :
        table
            .map(
                (partition, rows) -> {
                  SchemaScan scan = new SchemaScan(recipe);
                  return each(
                      new ParsedRows(rows, columns, recipe),
                      badData,
                      (row, from) -> scan.add(row),
                      () -> JavaSerialization.toBytes(scan));
                })
            .collect()) {
      all.add(JavaSerialization.fromBytes(bytes, SchemaScan.class));
    }
    all.requireEqualWidths();
    if (all.rows() == 0) {
      throw new InvalidDataException("%s holds no row".formatted(table.provenance().get("input")));
    }
    return all;
  }

  private static boolean needsScan(Table table, TableRecipe recipe) {
    return table.holdsArrays()
        || recipe.tensors().stream().anyMatch(TensorRecipe::isSequence)
        || recipe.tensors().stream()
            .flatMap(tensor -> tensor.columns().stream())
            .anyMatch(c -> c.transform().isCategory() && c.categories().isEmpty());
  }

  private static SplitAssignment assignment(
      Table shards, TableRecipe recipe, FittedTransform fitted, ShardingOptions options)
      throws IOException {
    SplitSpec splitSpec = options.splitSpec();
    if (splitSpec.isNone()) {
      return null;
    }
    int classes = ClassOf.of(fitted.specs(), splitSpec).classes();
    boolean byClass = splitSpec.method() == SplitSpec.Method.STRATIFIED;
    List<String> columns = shards.columns();
    List<long[]> counts = new ArrayList<>();
    for (byte[] bytes :
        shards
            .map(
                (shard, rows) -> {
                  long[] found = new long[classes];
                  ParsedRows parsed = new ParsedRows(rows, columns, recipe);
                  RowExamples examples = new RowExamples(parsed, fitted);
                  return each(
                      parsed,
                      options.badData(),
                      (row, from) -> {
                        examples.example(row);
                        found[byClass ? examples.exampleClass(row) : 0]++;
                      },
                      () -> JavaSerialization.toBytes(found));
                })
            .collect()) {
      counts.add(JavaSerialization.fromBytes(bytes, long[].class));
    }
    return splitSpec.assign(counts.toArray(long[][]::new));
  }

  private static FittedTransform fitted(
      Table shards,
      TableRecipe rows,
      FittedTransform unfitted,
      SplitAssignment assignment,
      ShardingOptions options)
      throws IOException {
    boolean numbers =
        rows.missing().policy() == MissingValues.Policy.MEAN
            || rows.tensors().stream()
                .flatMap(tensor -> tensor.columns().stream())
                .anyMatch(column -> Fit.isNeededFor(column.transform()));
    boolean balanced = rows.classWeights().kind() == ClassWeights.Kind.BALANCED;
    int classTensor = RowExamples.classTensor(unfitted);
    int classes = classTensor < 0 ? 0 : unfitted.tensors().get(classTensor).spec().elements();
    Fit all = new Fit(unfitted.tensors(), classes);
    if (numbers || balanced) {
      List<String> columns = shards.columns();
      SplitSpec splitSpec = options.splitSpec();
      for (byte[] bytes :
          shards
              .map(
                  (shard, each) -> {
                    Fit fit = new Fit(unfitted.tensors(), classes);
                    SplitAssignment.ShardAssigner assigner =
                        assignment == null ? null : assignment.assigner(shard);
                    ParsedRows parsed = new ParsedRows(each, columns, rows);
                    RowExamples examples = new RowExamples(parsed, unfitted);
                    return each(
                        parsed,
                        options.badData(),
                        (row, from) -> {
                          examples.example(row);
                          int exampleClass = examples.exampleClass(row);
                          boolean byClass = splitSpec.method() == SplitSpec.Method.STRATIFIED;
                          if (assigner == null
                              || assigner.next(byClass ? exampleClass : 0) == Split.TRAINING) {
                            fit.add(row, exampleClass);
                          }
                        },
                        () -> JavaSerialization.toBytes(fit));
                  })
              .collect()) {
        all.add(JavaSerialization.fromBytes(bytes, Fit.class));
      }
    }
    return TransformBuilder.fitted(unfitted, rows, all, numbers);
  }

  private static ShardedDataset write(
      JavaSparkContext spark,
      Table shards,
      DataRecipe recipe,
      SplitAssignment assignment,
      String location,
      ShardingOptions options)
      throws IOException {
    List<String> columns = shards.columns();
    TableRecipe declared = WindowTable.recipe(recipe.columns());
    FittedTransform fitted = recipe.fitted();
    JavaRDD<Example> examples =
        shards.map(
            (shard, rows) -> new RowExamples(new ParsedRows(rows, columns, declared), fitted));
    return ShardJob.write(
        spark,
        examples,
        new ShardJob.Contents(fitted.specs(), fitted.classes(), shards.provenance(), recipe),
        assignment,
        location,
        options);
  }

  /** Takes in the good rows of a partition; the one result are these bytes, or the problem. */
  private static Iterator<byte[]> each(
      ParsedRows rows, BadData badData, TakeIn takeIn, Finish finish) throws IOException {
    Iterator<ParsedRow> taken =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return rows.hasNext();
          }

          @Override
          public ParsedRow next() {
            ParsedRow row = rows.next();
            try {
              takeIn.accept(row, rows);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            return row;
          }
        };
    GoodItems<ParsedRow> good = new GoodItems<>(taken, badData);
    byte[] result;
    try {
      while (good.next() != null) {
        // Taken in as it came.
      }
      result = finish.bytes();
    } catch (InvalidDataException e) {
      result = JavaSerialization.toBytes(e.getMessage());
    }
    return List.of(result).iterator();
  }

  private interface TakeIn {
    void accept(ParsedRow row, ParsedRows from) throws IOException;
  }

  private interface Finish {
    byte[] bytes() throws IOException;
  }
}
