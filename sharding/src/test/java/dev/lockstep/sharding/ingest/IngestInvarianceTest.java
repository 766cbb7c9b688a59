package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.Header;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.ingest.idx.IdxSamples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same input and options give the same files, whatever Spark they were written on. */
class IngestInvarianceTest {

  private static final int ROWS = 3_000;
  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").blockExamples(100).shardBytes(20_000);

  @TempDir static Path folder;

  /** By kind of data, then by Spark: name and content of each file of the dataset. */
  private static final Map<String, Map<String, Map<String, String>>> WRITTEN = new TreeMap<>();

  private static final Map<String, Integer> SHARDS = new TreeMap<>();

  @BeforeAll
  static void ingestEverywhere() throws IOException {
    Path csv = Files.createDirectory(folder.resolve("csv"));
    Random random = new Random(3);
    for (String file : List.of("b.csv", "a.csv", "c.csv")) {
      StringBuilder text = new StringBuilder("x,kind,y\n");
      for (int i = 0; i < ROWS / 3; i++) {
        text.append(random.nextGaussian())
            .append(random.nextInt(3) == 0 ? ",\"red, green\"," : ",blue,")
            .append(random.nextInt(1000))
            .append('\n');
      }
      Files.writeString(csv.resolve(file), text);
    }
    Path numbers = folder.resolve("numbers.csv");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      text.append(i).append(',').append(random.nextFloat()).append("\r\n");
    }
    Files.writeString(numbers, text);
    Path idx = Files.createDirectory(folder.resolve("idx"));
    IdxSamples.write(idx, "train-", ROWS, 5, 4, 10);

    try (JavaSparkContext spark = SparkOn.master("local[1]")) {
      ingestAll("one slot", spark, 1, csv, numbers, idx);
    }
    try (JavaSparkContext spark =
        SparkOn.master("local[3]", Map.of("spark.default.parallelism", "7"))) {
      ingestAll("three slots", spark, 5, csv, numbers, idx);
    }
    try (JavaSparkContext spark =
        SparkOn.master(
            "local[2]", Map.of("spark.serializer", "org.apache.spark.serializer.KryoSerializer"))) {
      ingestAll("Kryo", spark, 2, csv, numbers, idx);
    }
  }

  private static void ingestAll(
      String on, JavaSparkContext spark, int partitions, Path csv, Path numbers, Path idx)
      throws IOException {
    String out = folder.resolve("out " + on).toString();
    record(
        "csv",
        on,
        CsvIngest.ingest(
            spark,
            csv.toString(),
            out + "/csv",
            CsvOptions.of(Header.PRESENT).label("kind"),
            OPTIONS));
    record(
        "regression",
        on,
        CsvIngest.ingest(
            spark,
            numbers.toString(),
            out + "/regression",
            CsvOptions.of(Header.ABSENT).labelKind(LabelKind.REGRESSION),
            OPTIONS.shardBytes(3_000)));
    record(
        "idx",
        on,
        IdxIngest.ingest(spark, idx.toString(), out + "/idx", IdxOptions.defaults(), OPTIONS));
    record(
        "examples",
        on,
        ExampleIngest.ingest(
            spark
                .parallelize(IntStream.range(0, ROWS).boxed().toList(), partitions)
                .map(i -> Example.of(new float[] {i, i / 2f}, new float[] {i % 3})),
            List.of(
                new TensorSpec(
                    "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(2)),
                new TensorSpec(
                    "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(3))),
            Map.of(),
            out + "/examples",
            OPTIONS.shardBytes(5_000)));
  }

  private static void record(String kind, String on, ShardedDataset dataset) throws IOException {
    Path location = Path.of(new org.apache.hadoop.fs.Path(dataset.location()).toUri());
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(location)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(
            location.relativize(file).toString(),
            Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    WRITTEN.computeIfAbsent(kind, k -> new TreeMap<>()).put(on, files);
    SHARDS.put(kind, dataset.manifest().shards().size());
  }

  @Test
  void everyFileIsTheSameOnEverySpark() {
    assertEquals(List.of("csv", "examples", "idx", "regression"), List.copyOf(WRITTEN.keySet()));
    for (Map.Entry<String, Map<String, Map<String, String>>> kind : WRITTEN.entrySet()) {
      assertEquals(3, kind.getValue().size());
      Map<String, String> first = kind.getValue().get("one slot");
      assertTrue(first.containsKey("manifest.json"), kind.getKey());
      kind.getValue()
          .forEach(
              (on, files) -> {
                assertEquals(first.keySet(), files.keySet(), kind.getKey() + " on " + on);
                assertTrue(first.equals(files), kind.getKey() + " on " + on);
              });
    }
  }

  @Test
  void theDataWereBigEnoughForSeveralShards() {
    SHARDS.forEach((kind, shards) -> assertTrue(shards >= 3, kind + ": " + shards));
  }
}
