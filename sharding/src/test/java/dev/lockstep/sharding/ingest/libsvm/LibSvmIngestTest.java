package dev.lockstep.sharding.ingest.libsvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.Read;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SparkOn;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LIBSVM text. */
class LibSvmIngestTest {

  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").ifExists(IfExists.REPLACE);
  private static final LibSvmOptions CLASSES = LibSvmOptions.of(LabelKind.CLASSIFICATION);
  private static final LibSvmOptions NUMBERS = LibSvmOptions.of(LabelKind.REGRESSION);

  private static JavaSparkContext spark;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = SparkOn.master("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.close();
  }

  private ShardedDataset ingest(String text, LibSvmOptions libSvm, ShardingOptions options)
      throws IOException {
    Files.writeString(folder.resolve("in.txt"), text);
    return LibSvmIngest.ingest(
        spark,
        folder.resolve("in.txt").toString(),
        folder.resolve("out").toString(),
        libSvm,
        options);
  }

  private String refusal(String text, LibSvmOptions libSvm) throws IOException {
    String message =
        assertThrows(IOException.class, () -> ingest(text, libSvm, OPTIONS)).getMessage();
    assertFalse(ShardedDatasets.exists(folder.resolve("out").toString(), new Configuration()));
    return message.replace("file:" + folder, "").replace(folder.toString(), "");
  }

  @Test
  void linesBecomeDenseExamplesWithMinusOneBeforePlusOne() throws Exception {
    ShardedDataset dataset =
        ingest(
            """
            # made by hand
            +1 1:0.5 3:-2e1 # a comment

            -1 2:7
            +1\t4:1\s
            -1
            """,
            CLASSES,
            OPTIONS);
    assertEquals(List.of(4), dataset.manifest().tensors().get(0).shape());
    assertEquals(Map.of("labels", List.of("-1", "1")), dataset.manifest().classes());
    assertEquals("libsvm", dataset.manifest().provenance().get("format"));
    MicroBatch batch = Read.all(dataset);
    assertArrayEquals(
        new float[] {0.5f, 0, -20, 0, 0, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, batch.values().get(0));
    assertArrayEquals(new float[] {0, 1, 1, 0, 0, 1, 1, 0}, batch.values().get(1));
  }

  @Test
  void labelsMayBeNumbersToPredictOrNotLookedAt() throws Exception {
    MicroBatch numbers = Read.all(ingest("-1.5 1:1\n2e3 2:1\n", NUMBERS, OPTIONS));
    assertArrayEquals(new float[] {-1.5f, 2000}, numbers.values().get(1));
    MicroBatch features =
        Read.all(ingest("? 1:1\n? 2:1\n", LibSvmOptions.of(LabelKind.NONE), OPTIONS));
    assertEquals(1, features.values().size());
    assertArrayEquals(new float[] {1, 0, 0, 1}, features.values().get(0));
  }

  @Test
  void givenFeaturesAndClassesAreKept() throws Exception {
    ShardedDataset dataset =
        ingest("2 1:1\n", CLASSES.features(3).classes(List.of("3", "2", "1")), OPTIONS);
    MicroBatch batch = Read.all(dataset);
    assertArrayEquals(new float[] {1, 0, 0}, batch.values().get(0));
    assertArrayEquals(new float[] {0, 1, 0}, batch.values().get(1));
  }

  @Test
  void shardsAreAboutAsLargeAsWantedThoughTheTextIsSmall() throws Exception {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      text.append("1 ").append(1 + i % 100).append(":1\n");
    }
    ShardedDataset dataset =
        ingest(text.toString(), NUMBERS, OPTIONS.blockExamples(10).shardBytes(40_400));
    assertEquals(1_000, dataset.manifest().examples());
    assertEquals(10, dataset.manifest().shards().size());
    float[] features = Read.all(dataset).values().get(0);
    for (int i = 0; i < 1_000; i++) {
      for (int f = 0; f < 100; f++) {
        assertEquals(f == i % 100 ? 1 : 0, features[100 * i + f]);
      }
    }
  }

  @Test
  void packedFilesGiveTheSame() throws Exception {
    String text = "1 1:1 2:3\n2 2:4\n1 1:5\n";
    String plain = ingest(text, CLASSES, OPTIONS).manifest().fingerprint();
    Path in = Files.createDirectory(folder.resolve("packed"));
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(in.resolve("part.gz")))) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    Files.writeString(in.resolve("_SUCCESS"), "not an example");
    ShardedDataset packed =
        LibSvmIngest.ingest(spark, in.toString(), folder + "/other", CLASSES, OPTIONS);
    assertEquals(plain, packed.manifest().fingerprint());
  }

  @Test
  void badLinesAreRefusedWithFileAndLine() throws IOException {
    assertEquals(
        "/in.txt, line 2: index 0 in '0:1': indices begin at 1",
        refusal("1 1:1\n1 0:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 2: index 2 follows 3: sort the indices, each but once",
        refusal("# none\n1 1:1 3:1 2:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: index 3 follows 3: sort the indices, each but once",
        refusal("1 3:1 3:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: 'qid' in 'qid:1' is no index in [1, 2147483647]",
        refusal("1 qid:1 1:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: '9999999999' in '9999999999:1' is no index in [1, 2147483647]",
        refusal("1 9999999999:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: 'many' in '1:many' is no number", refusal("1 1:many\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: 'NaN' in '2:NaN' is not a finite number: replace it or drop the line",
        refusal("1 2:NaN\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: '1e99' in '2:1e99' is not a finite number: replace it or drop the line",
        refusal("1 2:1e99\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: '7' has no colon: write index:value", refusal("1 1:2 7\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: '1:2' stands where the label belongs: begin the line with a label",
        refusal("1:2 2:3\n", CLASSES));
    assertEquals(
        "/in.txt, line 1: label '1,2' names several classes: an example can have one",
        refusal("1,2 1:1\n", CLASSES));
    assertEquals(
        "/in.txt, line 2: index 4 > features=3: raise features, or drop the value",
        refusal("1 1:1\n1 4:1\n", CLASSES.features(3)));
    assertEquals(
        "/in.txt, line 2: label '3' is none of the 2 classes [1, 2]",
        refusal("1 1:1\n3 1:1\n", CLASSES.classes(List.of("1", "2"))));
    assertEquals("/in.txt, line 1: 'cat' in 'cat' is no number", refusal("cat 1:1\n", NUMBERS));
  }

  @Test
  void textWithoutExamplesOrFeaturesIsRefused() throws IOException {
    assertEquals("/in.txt is empty: it holds no row", refusal("", CLASSES));
    assertEquals("/in.txt holds no example", refusal("\n# nothing\n", CLASSES));
    assertEquals(
        "/in.txt holds no index:value: give the number of features", refusal("1\n2\n", CLASSES));
    assertEquals(
        "there are more than 10000 different labels: are they numbers to predict (regression)?",
        refusal(manyLabels(), CLASSES));
  }

  private static String manyLabels() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i <= 10_000; i++) {
      text.append(i).append(" 1:1\n");
    }
    return text.toString();
  }

  @Test
  void whatWouldBeHugeWithAllItsZerosIsRefused() throws IOException {
    assertEquals(
        "/in.txt: features=2000000000 > 16777216, the most that one example may have with every"
            + " zero written out: choose or hash features first",
        refusal("1 2000000000:1\n", CLASSES));
    assertEquals(
        "/in.txt: 3 examples of features=5000 take 60000 bytes with every zero written out >"
            + " maxBytes=59999: choose or hash features first, or raise maxBytes",
        refusal("1 1:1\n1 5000:1\n1 2:1\n", CLASSES.maxBytes(59_999)));
  }

  @Test
  void badLinesAreLeftOutAndCountedWhenAskedFor() throws Exception {
    ShardedDataset dataset =
        ingest(
            "1 1:1\n9 3:1 2:1\n2 2:2\n3 1:x\n1 1:3\n",
            CLASSES,
            OPTIONS.badData(BadData.SKIP).shardBytes(20));
    assertEquals(Map.of("labels", List.of("1", "2")), dataset.manifest().classes());
    assertArrayEquals(new float[] {1, 0, 0, 2, 3, 0}, Read.all(dataset).values().get(0));
    assertEquals("2", dataset.manifest().provenance().get("skipped"));
    assertEquals(
        "/in.txt, line 2: index 2 follows 3: sort the indices, each but once",
        dataset.manifest().provenance().get("firstSkipped").replace("file:" + folder, ""));
  }

  @Test
  void optionsThatCannotBeAreRefused() {
    assertRefused(
        "features=-1 maxBytes=68719476736 must be >= 0 and >= 1", () -> CLASSES.features(-1));
    assertRefused("features=0 maxBytes=0 must be >= 0 and >= 1", () -> CLASSES.maxBytes(0));
    assertRefused(
        "2 classes given for labelKind=REGRESSION: they belong to CLASSIFICATION",
        () -> NUMBERS.classes(List.of("a", "b")));
    assertRefused(
        "classes=[a, a] names one of them twice", () -> CLASSES.classes(List.of("a", "a")));
    assertEquals(
        new LibSvmOptions(LabelKind.REGRESSION, LibSvmOptions.FIND, List.of(), 64L << 30), NUMBERS);
  }

  private static void assertRefused(String message, Runnable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run::run).getMessage());
  }
}
