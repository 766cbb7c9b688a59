package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.table.FileTableIngest;
import dev.lockstep.sharding.store.IfExists;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * How fast tables become data shards, against Spark only reading them (into its {@code noop} sink),
 * on {@code local[2]}. A {@code main}: {@code IngestBenchmark FOLDER [MEGABYTES]}, 1000 unless
 * said; what it generates in the folder stays for the next time. Each line is the better of two
 * runs, the kinds taking turns.
 */
final class IngestBenchmark {

  private static final int FEATURES = 20;

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final Path csv;
  private final Path parquet;
  private final Path out;
  private final String schema;
  private final List<String> columns = new ArrayList<>();

  private IngestBenchmark(SparkSession spark, Path folder, long megabytes) throws IOException {
    this.spark = spark;
    context = new JavaSparkContext(spark.sparkContext());
    csv = folder.resolve("table-" + megabytes + ".csv");
    parquet = folder.resolve("table-" + megabytes + ".parquet");
    out = folder.resolve("out");
    StringBuilder fields = new StringBuilder();
    for (int c = 0; c < FEATURES; c++) {
      columns.add("f" + c);
      fields.append("f").append(c).append(" double, ");
    }
    schema = fields.append("label string").toString();
    if (!Files.exists(csv)) {
      generate(megabytes << 20);
    }
    if (!Files.exists(parquet)) {
      spark
          .read()
          .option("header", true)
          .schema(schema)
          .csv(csv.toString())
          .write()
          .parquet(parquet.toString());
    }
  }

  private void generate(long bytes) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    long written = 0;
    try (BufferedWriter writer = Files.newBufferedWriter(csv)) {
      String line = String.join(",", columns) + ",label\n";
      while (written < bytes) {
        writer.write(line);
        written += line.length();
        StringBuilder row = new StringBuilder();
        for (int c = 0; c < FEATURES; c++) {
          row.append((random.nextInt(2_000_000) - 1_000_000) / 1e4).append(',');
        }
        line = row.append("class").append(random.nextInt(5)).append('\n').toString();
      }
    }
  }

  private TableRecipe recipe(ColumnTransform transform) {
    List<ColumnRecipe> features = new ArrayList<>();
    columns.forEach(column -> features.add(ColumnRecipe.of(column, transform)));
    return TableRecipe.of(
        new TensorRecipe("features", Role.FEATURES, features, TensorRecipe.NO_SEQUENCE),
        TensorRecipe.of("labels", Role.LABELS, ColumnRecipe.of("label", ColumnTransform.CLASS)));
  }

  private interface Work {
    void run() throws IOException;
  }

  private static double seconds(Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private void noop(Dataset<Row> table) {
    table.write().format("noop").mode("overwrite").save();
  }

  private void shardCsv(TableRecipe recipe) throws IOException {
    CsvIngest.ingest(
        context,
        csv.toString(),
        out.toString(),
        CsvOptions.of(CsvOptions.Header.PRESENT),
        recipe,
        ShardingOptions.named("table").ifExists(IfExists.REPLACE));
  }

  private void shardParquet(TableRecipe recipe) throws IOException {
    FileTableIngest.ingest(
        spark,
        FileTableIngest.Format.PARQUET,
        parquet.toString(),
        out.toString(),
        recipe,
        ShardingOptions.named("table").ifExists(IfExists.REPLACE));
  }

  private void run() throws IOException {
    double bytes = Files.size(csv);
    long rows = spark.read().parquet(parquet.toString()).count();
    String[] names = {
      "CSV: Spark reads", "CSV: sharded", "CSV: sharded, standardized",
      "Parquet: Spark reads", "Parquet: sharded", "Parquet: sharded, standardized"
    };
    Work[] works = {
      () -> noop(spark.read().option("header", true).schema(schema).csv(csv.toString())),
      () -> shardCsv(recipe(ColumnTransform.NUMBER)),
      () -> shardCsv(recipe(ColumnTransform.STANDARDIZE)),
      () -> noop(spark.read().parquet(parquet.toString())),
      () -> shardParquet(recipe(ColumnTransform.NUMBER)),
      () -> shardParquet(recipe(ColumnTransform.STANDARDIZE))
    };
    double[] best = new double[works.length];
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < works.length; i++) {
        double seconds = seconds(works[i]);
        best[i] = round == 0 ? seconds : Math.min(best[i], seconds);
      }
    }
    for (int i = 0; i < works.length; i++) {
      System.out.printf(
          Locale.ROOT,
          "%-32s %6.1f s  %,10.0f rows/s  %6.1f MB of text/s  %5.2f times Spark's reading%n",
          names[i],
          best[i],
          rows / best[i],
          bytes / 1e6 / best[i],
          best[i] / best[i < 3 ? 0 : 3]);
    }
  }

  /** Measures. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    long megabytes = args.length > 1 ? Long.parseLong(args[1]) : 1_000;
    try (JavaSparkContext context = SparkOn.master("local[2]")) {
      SparkSession spark = SparkSession.builder().sparkContext(context.sc()).getOrCreate();
      new IngestBenchmark(spark, folder, megabytes).run();
    }
  }
}
