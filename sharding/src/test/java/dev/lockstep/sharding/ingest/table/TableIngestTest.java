package dev.lockstep.sharding.ingest.table;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ClassWeights;
import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.FittedTransform.TimeWindow;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.ingest.Read;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SparkOn;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.plan.SplitSpec.Method;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.DataRecipeJson;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the columns of tables. */
class TableIngestTest {

  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").ifExists(IfExists.REPLACE);
  private static final CsvOptions CSV = CsvOptions.of(CsvOptions.Header.PRESENT);

  private static JavaSparkContext context;
  private static SparkSession spark;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    context = SparkOn.master("local[2]");
    spark = SparkSession.builder().sparkContext(context.sc()).getOrCreate();
    spark.conf().set("spark.sql.shuffle.partitions", "3");
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  /** Without a recipe: the last column is the class, all others are numbers. */
  private ShardedDataset csv(String text, TableRecipe recipe, ShardingOptions options)
      throws IOException {
    Path file = folder.resolve("in.csv");
    Files.writeString(file, text);
    return recipe == null
        ? CsvIngest.ingest(context, file.toString(), out(), CSV, options)
        : CsvIngest.ingest(context, file.toString(), out(), CSV, recipe, options);
  }

  private String out() {
    return folder.resolve("out").toString();
  }

  private static ColumnRecipe column(String name, ColumnTransform transform) {
    return ColumnRecipe.of(name, transform);
  }

  private static TensorRecipe features(ColumnRecipe... columns) {
    return TensorRecipe.of("features", Role.FEATURES, columns);
  }

  private static TensorRecipe classes(String name) {
    return TensorRecipe.of("labels", Role.LABELS, column(name, ColumnTransform.CLASS));
  }

  private String refusal(Executable run) {
    Exception thrown = assertThrows(Exception.class, run);
    assertTrue(
        thrown instanceof InvalidDataException || thrown instanceof IllegalArgumentException,
        thrown.toString());
    return thrown.getMessage().replace("file:" + folder, "").replace(folder.toString(), "");
  }

  /** Rows of numbers, categories and classes that follow from a seed. */
  private static String table(int rows) {
    Random random = new Random(3);
    StringBuilder text = new StringBuilder("height,kind,weight,sex,score\n");
    for (int i = 0; i < rows; i++) {
      text.append(
          "%s,%s,%s,%s,%s\n"
              .formatted(
                  150 + 20 * random.nextGaussian(),
                  List.of("oak", "elm", "ash").get(random.nextInt(3)),
                  random.nextInt(100),
                  random.nextInt(4) == 0 ? "f" : "m",
                  1 + random.nextInt(3)));
    }
    return text.toString();
  }

  private static final TableRecipe MIXED =
      TableRecipe.of(
              features(
                  column("height", ColumnTransform.STANDARDIZE),
                  column("kind", ColumnTransform.ONE_HOT),
                  column("weight", ColumnTransform.MIN_MAX)),
              classes("sex"),
              TensorRecipe.of("weights", Role.WEIGHTS, column("score", ColumnTransform.NUMBER)))
          .classWeights(ClassWeights.balanced());

  @Test
  void fittedNumbersAreThoseThatSparkSqlFindsInTheTrainingPart() throws Exception {
    ShardedDataset dataset =
        csv(
            table(1_000),
            MIXED,
            OPTIONS.shardBytes(4_000).splitSpec(new SplitSpec(7, 0.2, 0.1, Method.STRATIFIED)));
    FittedTransform fitted = dataset.manifest().recipe().fitted();
    // Which rows are for training is read off the dataset itself: by their scores and classes no
    // row can be told from another, so heights are scaled back.
    FittedColumn height = fitted.tensors().get(0).columns().get(0);
    float[] training = Read.values(dataset, Read.split(dataset, Split.TRAINING), "features");
    List<Row> rows =
        spark
            .read()
            .option("header", true)
            .csv(folder.resolve("in.csv").toString())
            .collectAsList();
    List<Double> heights = new ArrayList<>();
    for (int i = 0; i < training.length; i += 5) {
      double back = training[i] * height.divisor().get(0) + height.shift().get(0);
      heights.add(
          rows.stream()
              .mapToDouble(row -> Double.parseDouble(row.getString(0)))
              .boxed()
              .min((a, b) -> Double.compare(Math.abs(a - back), Math.abs(b - back)))
              .orElseThrow());
    }
    assertTrue(heights.size() == 699 || heights.size() == 700, "70 % of each class");
    assertEquals(heights.size(), heights.stream().distinct().count());
    Row spoken =
        spark
            .createDataset(heights, org.apache.spark.sql.Encoders.DOUBLE())
            .selectExpr("avg(value)", "stddev_samp(value)")
            .first();
    assertEquals(spoken.getDouble(0), height.shift().get(0), 1e-10);
    assertEquals(spoken.getDouble(1), height.divisor().get(0), 1e-10);
    FittedColumn weight = fitted.tensors().get(0).columns().get(2);
    assertEquals(List.of(0.0), weight.shift());
    assertTrue(weight.divisor().get(0) >= 98);
    assertEquals(
        List.of("ash", "elm", "oak"), fitted.tensors().get(0).columns().get(1).categories());
  }

  @Test
  void aStratifiedSplitHasEveryClassInProportionAndBalancedWeightsEvenThemOut() throws Exception {
    ShardedDataset dataset =
        csv(
            table(1_000),
            MIXED,
            OPTIONS.shardBytes(4_000).splitSpec(new SplitSpec(7, 0.2, 0.1, Method.STRATIFIED)));
    assertTrue(dataset.manifest().shards().size() > 10);
    Map<Split, List<Long>> counts =
        dataset.manifest().statistics().stream()
            .filter(each -> each.tensor().equals("labels"))
            .collect(Collectors.toMap(TensorStatistics::split, TensorStatistics::classCounts));
    for (int c = 0; c < 2; c++) {
      int index = c;
      long all = counts.values().stream().mapToLong(each -> each.get(index)).sum();
      assertEquals(Math.round(0.3 * all) * 2 / 3.0, counts.get(Split.VALIDATION).get(c), 0.51);
      assertEquals(all - Math.round(0.3 * all), counts.get(Split.TRAINING).get(c));
    }
    List<Long> training = counts.get(Split.TRAINING);
    List<Double> weights = dataset.manifest().recipe().fitted().classWeights();
    assertEquals(training.get(0) * weights.get(0), training.get(1) * weights.get(1), 1e-9);
    assertEquals(
        (double) (training.get(0) + training.get(1)),
        training.get(0) * weights.get(0) + training.get(1) * weights.get(1),
        1e-9);
    MicroBatch test = Read.split(dataset, Split.TEST);
    float[] labels = Read.values(dataset, test, "labels");
    float[] factors = Read.values(dataset, test, "weights");
    for (int i = 0; i < test.examples(); i++) {
      double score = factors[i] / weights.get(labels[2 * i] == 1 ? 0 : 1);
      assertEquals(Math.rint(score), score, 1e-5);
    }
  }

  @Test
  void theSameDatasetOnAnyClusterFromAnyFilesOfTheSameRows() throws Exception {
    SplitSpec splitSpec = new SplitSpec(7, 0.2, 0.1, Method.STRATIFIED);
    csv(table(1_000), MIXED, OPTIONS);
    org.apache.spark.sql.Dataset<Row> table =
        spark
            .read()
            .option("header", true)
            .option("inferSchema", true)
            .csv(folder.resolve("in.csv").toString());
    String parquet = folder.resolve("parquet").toString();
    table.repartition(5).write().parquet(parquet);
    ShardingOptions options = OPTIONS.shardBytes(5_000).blockExamples(50).splitSpec(splitSpec);
    String first = null;
    String second = null;
    for (int partitions : new int[] {1, 7}) {
      spark.conf().set("spark.sql.files.maxPartitionBytes", partitions == 1 ? "100m" : "10k");
      spark.conf().set("spark.sql.shuffle.partitions", String.valueOf(partitions));
      ShardedDataset files =
          FileTableIngest.ingest(
              spark, FileTableIngest.Format.PARQUET, parquet, out(), MIXED, options);
      assertTrue(files.manifest().shards().size() > 10);
      ShardedDataset rows =
          TableIngest.ingest(table.repartition(partitions), List.of(), MIXED, out(), options);
      first = first == null ? files.manifest().fingerprint() : first;
      second = second == null ? rows.manifest().fingerprint() : second;
      assertEquals(first, files.manifest().fingerprint());
      assertEquals(second, rows.manifest().fingerprint());
    }
    assertNotEquals(first, second);
  }

  @Test
  void rowsOfATableAreOrderedAsAsked() throws Exception {
    org.apache.spark.sql.Dataset<Row> table =
        spark.range(500).selectExpr("id", "id % 7 as x").repartition(6);
    TableRecipe recipe = TableRecipe.of(features(column("id", ColumnTransform.NUMBER)));
    ShardedDataset ordered = TableIngest.ingest(table, List.of("id"), recipe, out(), OPTIONS);
    float[] ids = Read.all(ordered).values().get(0);
    assertArrayEquals(expected(500), ids);
    ShardedDataset byContent = TableIngest.ingest(table, List.of(), recipe, out(), OPTIONS);
    float[] mixed = Read.all(byContent).values().get(0);
    assertNotEquals(Arrays.toString(ids), Arrays.toString(mixed));
    Arrays.sort(mixed);
    assertArrayEquals(ids, mixed);
  }

  private static float[] expected(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i;
    }
    return values;
  }

  @Test
  void rowsThatDifferInNothingButGapsAndArraysHaveOneOrderToo() throws Exception {
    org.apache.spark.sql.Dataset<Row> table =
        spark
            .range(200)
            .selectExpr(
                "if(id % 2 = 0, null, 5) as u",
                "if(id % 2 = 0, 5, null) as v",
                "if(id % 4 < 2, array(1, 2), array(1)) as a",
                "if(id % 4 < 2, array(3), array(2, 3)) as b");
    TableRecipe recipe =
        TableRecipe.of(
                features(column("u", ColumnTransform.NUMBER), column("v", ColumnTransform.NUMBER)),
                new TensorRecipe(
                    "a",
                    Role.FEATURES,
                    List.of(column("a", ColumnTransform.NUMBER)),
                    TensorRecipe.LONGEST),
                new TensorRecipe(
                    "b",
                    Role.FEATURES,
                    List.of(column("b", ColumnTransform.NUMBER)),
                    TensorRecipe.LONGEST))
            .missing(MissingValues.parse("-1"));
    List<String> fingerprints = new ArrayList<>();
    for (int partitions : new int[] {1, 3, 8}) {
      fingerprints.add(
          TableIngest.ingest(table.repartition(partitions), List.of(), recipe, out(), OPTIONS)
              .manifest()
              .fingerprint());
    }
    assertEquals(1, fingerprints.stream().distinct().count(), fingerprints::toString);
    assertEquals(
        "TimeWindow[steps=2, stride=1, horizon=0, series=] over rows that have no order: name the"
            + " columns to order them by",
        refusal(
            () ->
                TableIngest.ingest(
                    table,
                    List.of(),
                    TableRecipe.of(features(column("u", ColumnTransform.NUMBER)))
                        .window(new TimeWindow(2, 1, 0, "")),
                    out(),
                    OPTIONS)));
  }

  /** What is bad is so in every pass: what was counted is what is assigned and fitted. */
  @Test
  void rowsThatAreLeftOutAreNeitherCountedNorFitted() throws Exception {
    StringBuilder text = new StringBuilder("x,w\n");
    for (int i = 0; i < 100; i++) {
      text.append("%d,%d\n".formatted(i, i >= 80 ? -1 : 1));
    }
    TableRecipe recipe =
        TableRecipe.of(
            features(column("x", ColumnTransform.STANDARDIZE)),
            TensorRecipe.of("weights", Role.WEIGHTS, column("w", ColumnTransform.NUMBER)));
    ShardedDataset dataset =
        csv(
            text.toString(),
            recipe,
            OPTIONS
                .badData(BadData.SKIP)
                .splitSpec(new SplitSpec(1, 0, 0.25, Method.CHRONOLOGICAL)));
    assertEquals(60, Read.split(dataset, Split.TRAINING).examples());
    assertEquals(20, Read.split(dataset, Split.TEST).examples());
    assertEquals(
        List.of(29.5),
        dataset.manifest().recipe().fitted().tensors().get(0).columns().get(0).shift());
    assertEquals("20", dataset.manifest().provenance().get("skipped"));
  }

  @Test
  void constantColumnsBecomeZeroHoweverManyShards() throws Exception {
    StringBuilder text = new StringBuilder("x,y\n");
    for (int i = 0; i < 500; i++) {
      text.append("70.2,").append(i).append('\n');
    }
    ShardedDataset dataset =
        csv(
            text.toString(),
            TableRecipe.of(
                features(
                    column("x", ColumnTransform.STANDARDIZE), column("y", ColumnTransform.NUMBER))),
            OPTIONS.shardBytes(100));
    assertEquals(
        List.of(0.0),
        dataset.manifest().recipe().fitted().tensors().get(0).columns().get(0).divisor());
    assertEquals(0, Read.all(dataset).values().get(0)[0]);
  }

  @Test
  void categoriesMayBeNumbersOfAnyType() throws Exception {
    org.apache.spark.sql.Dataset<Row> table =
        spark
            .range(6)
            .selectExpr(
                "id",
                "cast(0.1 * (id % 2) as float) as f",
                "cast(0.5 + id % 3 as decimal(4, 2)) as d");
    ShardedDataset dataset =
        TableIngest.ingest(
            table,
            List.of("id"),
            TableRecipe.of(
                features(
                    column("f", ColumnTransform.ONE_HOT), column("d", ColumnTransform.ONE_HOT))),
            out(),
            OPTIONS);
    assertArrayEquals(
        new float[] {1, 0, 1, 0, 0, 0, 1, 0, 1, 0},
        Arrays.copyOf(Read.all(dataset).values().get(0), 10));
  }

  @Test
  void columnsWithoutNamesAndWithNumbersForNamesAreToldApart() throws Exception {
    ShardedDataset dataset = csv(",0,1,y\n7,100,200,a\n8,101,201,b\n", null, OPTIONS);
    assertArrayEquals(new float[] {7, 100, 200, 8, 101, 201}, Read.all(dataset).values().get(0));
    assertEquals(
        "/in.csv, line 2: '5d' in column _0 is no number",
        refusal(() -> csv(",0,1,y\n5d,100,200,a\n", null, OPTIONS)));
  }

  @Test
  void rowsOfFilesKeepTheirOrderInOrcAndJson() throws Exception {
    TableRecipe recipe = TableRecipe.of(features(column("id", ColumnTransform.NUMBER)));
    for (FileTableIngest.Format format :
        List.of(FileTableIngest.Format.ORC, FileTableIngest.Format.JSON)) {
      String name = format.name().toLowerCase(java.util.Locale.ROOT);
      String path = folder.resolve(name).toString();
      spark.range(0, 900, 1, 3).toDF("id").write().format(name).save(path);
      ShardedDataset dataset =
          FileTableIngest.ingest(spark, format, path, out(), recipe, OPTIONS.shardBytes(1_000));
      assertArrayEquals(expected(900), Read.all(dataset).values().get(0));
      assertEquals(List.of("id"), FileTableIngest.columns(spark, format, path));
    }
  }

  @Test
  void arraysOfDifferentLengthBecomePaddedSequencesWithMasks() throws Exception {
    org.apache.spark.sql.Dataset<Row> table =
        spark
            .range(6)
            .selectExpr(
                "id",
                "transform(sequence(1, cast(id % 3 as int) + 1), i -> 10.0 * id + i) as a",
                "transform(sequence(1, cast(id % 3 as int) + 1), i -> cast(-i as float)) as b",
                "if(id % 2 = 0, 'even', 'odd') as kind",
                "array(id, id + 0.5) as two");
    TableRecipe recipe =
        TableRecipe.of(
            new TensorRecipe(
                "series",
                Role.FEATURES,
                List.of(column("a", ColumnTransform.NUMBER), column("b", ColumnTransform.NUMBER)),
                TensorRecipe.LONGEST),
            TensorRecipe.of("extra", Role.FEATURES, column("two", ColumnTransform.NUMBER)),
            classes("kind"));
    ShardedDataset dataset = TableIngest.ingest(table, List.of("id"), recipe, out(), OPTIONS);
    assertEquals(
        List.of(
            new TensorSpec("series", Role.FEATURES, Encoding.FLOAT32, List.of(2, 3)),
            new TensorSpec("series_mask", Role.FEATURES_MASK, Encoding.FLOAT32, List.of(3)),
            new TensorSpec("extra", Role.FEATURES, Encoding.FLOAT32, List.of(2)),
            new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(2))),
        dataset.manifest().tensors());
    MicroBatch batch = Read.all(dataset);
    assertArrayEquals(
        new float[] {11, 12, 0, -1, -2, 0}, Arrays.copyOfRange(batch.values().get(0), 6, 12));
    assertArrayEquals(
        new float[] {1, 0, 0, 1, 1, 0, 1, 1, 1}, Arrays.copyOf(batch.values().get(1), 9));
    assertArrayEquals(new float[] {0, 0.5f, 1, 1.5f}, Arrays.copyOf(batch.values().get(2), 4));
    assertEquals(
        "row [[21.0, 22.0, 23.0], [-1.0, -2.0, -3.0]]: column a has 3 time steps > steps=2 of"
            + " tensor series: cut it, or raise steps",
        refusal(
            () ->
                TableIngest.ingest(
                    table,
                    List.of("id"),
                    TableRecipe.of(
                        new TensorRecipe(
                            "series",
                            Role.FEATURES,
                            List.of(
                                column("a", ColumnTransform.NUMBER),
                                column("b", ColumnTransform.NUMBER)),
                            2)),
                    out(),
                    OPTIONS)));
  }

  /** Every window, label and series is computed here from the rows, in plain loops. */
  @Test
  void windowsOfTimeSeriesAreThoseOfPlainLoopsAcrossShards() throws Exception {
    int rows = 400;
    StringBuilder text = new StringBuilder("day,value,site\n");
    for (int i = 0; i < rows; i++) {
      text.append("%d,%s,%s\n".formatted(i, i * 0.5, i < 150 ? "north" : "south"));
    }
    for (int stride : new int[] {1, 3}) {
      TimeWindow window = new TimeWindow(5, stride, 2, "site");
      TableRecipe recipe =
          TableRecipe.of(
                  features(
                      column("value", ColumnTransform.NUMBER),
                      column("day", ColumnTransform.NUMBER)),
                  TensorRecipe.of("labels", Role.LABELS, column("value", ColumnTransform.NUMBER)))
              .window(window);
      List<Float> values = new ArrayList<>();
      List<Float> labels = new ArrayList<>();
      for (int i = 0; i + 6 < rows; i += stride) {
        if (i < 150 == i + 6 < 150) {
          for (int t = 0; t < 5; t++) {
            values.add((i + t) * 0.5f);
          }
          for (int t = 0; t < 5; t++) {
            values.add((float) (i + t));
          }
          labels.add((i + 6) * 0.5f);
        }
      }
      ShardedDataset dataset =
          csv(text.toString(), recipe, OPTIONS.shardBytes(600).blockExamples(4));
      assertTrue(dataset.manifest().shards().size() > 5, "windows cross shards");
      assertEquals(List.of(2, 5), dataset.manifest().only(Role.FEATURES).shape());
      MicroBatch batch = Read.all(dataset);
      assertEquals(values, boxed(batch.values().get(0)));
      assertEquals(labels, boxed(batch.values().get(1)));
      ShardedDataset again =
          CsvIngest.ingest(
              context,
              folder.resolve("in.csv").toString(),
              out(),
              CSV,
              dataset.manifest().recipe().fitted(),
              OPTIONS.shardBytes(600).blockExamples(4));
      assertEquals(dataset.manifest().fingerprint(), again.manifest().fingerprint());
    }
  }

  private static List<Float> boxed(float[] values) {
    return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
  }

  @Test
  void otherDataArePreparedWithTheNumbersOfTheTrainingPart() throws Exception {
    ShardedDataset dataset =
        csv(table(500), MIXED, OPTIONS.splitSpec(new SplitSpec(1, 0.2, 0, Method.RANDOM)));
    FittedTransform stored =
        ShardedDatasets.open(out(), context.hadoopConfiguration()).manifest().recipe().fitted();
    assertEquals(dataset.manifest().recipe().fitted(), stored, "it survives the manifest");
    FittedColumn height = stored.tensors().get(0).columns().get(0);
    Path other = folder.resolve("other.csv");
    Files.writeString(other, "kind,score,height,weight,sex\nelm,2,170,50,m\n");
    ShardedDataset prepared =
        CsvIngest.ingest(
            context,
            other.toString(),
            folder.resolve("other").toString(),
            CSV,
            stored.unweighted(),
            OPTIONS);
    FittedColumn weight = stored.tensors().get(0).columns().get(2);
    MicroBatch batch = Read.all(prepared);
    assertArrayEquals(
        new float[] {
          (float) ((170 - height.shift().get(0)) / height.divisor().get(0)),
          0,
          1,
          0,
          (float) ((50 - weight.shift().get(0)) / weight.divisor().get(0))
        },
        batch.values().get(0));
    assertArrayEquals(new float[] {0, 1}, batch.values().get(1));
    assertEquals(2, batch.values().size(), "no weights");
    Files.writeString(other, "kind,score,height,weight,sex\nelm,2,170,50,m\nfir,1,160,5,f\n");
    assertEquals(
        "/other.csv, line 3: 'fir' in column kind is none of the 3 categories [ash, elm, oak]",
        refusal(
            () ->
                CsvIngest.ingest(
                    context, other.toString(), out(), CSV, stored.unweighted(), OPTIONS)));
    Files.writeString(other, "kind,score,size,weight,sex\nelm,2,170,50,m\n");
    assertEquals(
        "/other.csv has no column height: its columns are [kind, score, size, weight, sex]",
        refusal(
            () ->
                CsvIngest.ingest(
                    context, other.toString(), out(), CSV, stored.unweighted(), OPTIONS)));
  }

  @Test
  void missingValuesFailAreLeftOutOrAreFilled() throws Exception {
    String text = "a,b,y\n1,x,0\n,y,1\n3,,0\n5,x,1\n";
    TableRecipe recipe =
        TableRecipe.of(
            features(column("a", ColumnTransform.NUMBER), column("b", ColumnTransform.ONE_HOT)),
            classes("y"));
    assertEquals(
        "/in.csv, line 3: column a is empty: fill in a number or drop the row",
        refusal(() -> csv(text, recipe, OPTIONS)));
    ShardedDataset left = csv(text, recipe.missing(MissingValues.parse("skip")), OPTIONS);
    assertEquals(2, left.manifest().examples());
    assertEquals("2", left.manifest().provenance().get("skipped"));
    assertArrayEquals(new float[] {1, 1, 5, 1}, Read.all(left).values().get(0));
    ShardedDataset mean = csv(text, recipe.missing(MissingValues.parse("mean")), OPTIONS);
    // Categories: "" (missing), x, y.
    assertArrayEquals(
        new float[] {1, 0, 1, 0, 3, 0, 0, 1, 3, 1, 0, 0, 5, 0, 1, 0},
        Read.all(mean).values().get(0));
    ShardedDataset zero = csv(text, recipe.missing(MissingValues.parse("-1")), OPTIONS);
    assertEquals(-1, Read.all(zero).values().get(0)[4]);
    assertEquals(
        "/in.csv, line 2: the label in column y is empty",
        refusal(
            () ->
                csv("a,b,y\n1,x,\n2,x,1\n", recipe.missing(MissingValues.parse("mean")), OPTIONS)));
  }

  @Test
  void badRowsEndTheJobOrAreCounted() throws Exception {
    String text = "a,y\n1,p\n2\nx,p\n4,q,7\nNaN,p\n6,q\n1e300,q\n";
    TableRecipe recipe =
        TableRecipe.of(features(column("a", ColumnTransform.NUMBER)), classes("y"));
    assertEquals(
        "/in.csv, line 3: 1 values, but the first line has 2 columns",
        refusal(() -> csv(text, recipe, OPTIONS)));
    ShardedDataset dataset = csv(text, recipe, OPTIONS.badData(BadData.SKIP));
    assertArrayEquals(new float[] {1, 6}, Read.all(dataset).values().get(0));
    assertEquals("5", dataset.manifest().provenance().get("skipped"));
    assertTrue(
        dataset
            .manifest()
            .provenance()
            .get("firstSkipped")
            .endsWith("line 3: 1 values, but the first line has 2 columns"));
    assertTrue(
        refusal(() -> csv("a,y\n1,p\n1e300,p\n", recipe, OPTIONS))
            .endsWith("line 3: '1.0E300' in column a is too large for float32"));
    ColumnRecipe given = new ColumnRecipe("y", ColumnTransform.CLASS, List.of("p"));
    TableRecipe declared =
        TableRecipe.of(
            features(column("a", ColumnTransform.NUMBER)),
            TensorRecipe.of("labels", Role.LABELS, given));
    assertEquals(
        "/in.csv, line 3: label 'q' in column y is none of the 1 classes [p]",
        refusal(() -> csv("a,y\n1,p\n6,q\n", declared, OPTIONS)));
  }

  @Test
  void recipesAreReadFromJsonAndRefusedWithReasons() throws Exception {
    TableRecipe recipe =
        DataRecipeJson.parseColumns(
            """
            {"tensors": [
               {"name": "features", "role": "features", "columns": [
                  {"column": "height", "transform": "standardize"},
                  {"column": "kind", "transform": "one_hot"},
                  {"column": "weight", "transform": "min_max"}]},
               {"name": "labels", "role": "labels", "columns": [
                  {"column": "sex", "transform": "class"}]},
               {"name": "weights", "role": "weights", "columns": [
                  {"column": "score", "transform": "number"}]}],
             "classWeights": {"kind": "balanced"}}
            """);
    assertEquals(MIXED, recipe);
    assertNull(recipe.window());
    assertTrue(
        refusal(() -> DataRecipeJson.parseColumns("{\"tensors\": [{\"name\": \"a\"}]}"))
            .startsWith("the recipe is not valid: "));
    assertEquals("tensors=[labels] hold no features", refusal(() -> TableRecipe.of(classes("a"))));
    assertEquals(
        "tensor t: a column of classes must be the only one, of labels, and no sequence: make it"
            + " ONE_HOT",
        refusal(() -> features("t", column("a", ColumnTransform.CLASS))));
    assertEquals(
        "classWeights, but no labels are classes: leave them out, or name a label of classes",
        refusal(
            () ->
                csv(
                    "a,b\n1,2\n",
                    TableRecipe.of(features(column("a", ColumnTransform.NUMBER)))
                        .classWeights(ClassWeights.balanced()),
                    OPTIONS)));
    assertEquals(
        "column id is of type date: use numbers, booleans, strings and arrays of these, or convert"
            + " it",
        refusal(
            () ->
                TableIngest.ingest(
                    spark.range(3).selectExpr("date_add(current_date(), 1) as id"),
                    List.of(),
                    TableRecipe.of(features(column("id", ColumnTransform.NUMBER))),
                    out(),
                    OPTIONS)));
  }

  private static TensorRecipe features(String name, ColumnRecipe... columns) {
    return TensorRecipe.of(name, Role.FEATURES, columns);
  }
}
