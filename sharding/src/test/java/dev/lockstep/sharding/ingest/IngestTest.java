package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.Header;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.ingest.idx.IdxSamples;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What the ingests read and what they refuse. */
class IngestTest {

  private static final ShardingOptions OPTIONS = ShardingOptions.named("sample");

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

  /** The whole dataset, in the order of the files, as one micro-batch. */
  private static MicroBatch all(ShardedDataset dataset) throws Exception {
    int[] sizes = dataset.manifest().blockSizes();
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(Holdout.of(0, 0, sizes), Split.TRAINING),
            new Order(0, Shuffle.NONE),
            Workers.all(1),
            (int) dataset.manifest().examples(),
            EpochRange.only(0),
            Reading.ahead(1));
    try (MicroBatchStream stream = new MicroBatchStream(request, spark.hadoopConfiguration())) {
      return stream.next().batch();
    }
  }

  private ShardedDataset csv(String text, CsvOptions options) throws IOException {
    Path file = folder.resolve("in.csv");
    Files.writeString(file, text);
    return CsvIngest.ingest(
        spark,
        file.toString(),
        folder.resolve("out").toString(),
        options,
        OPTIONS.ifExists(IfExists.REPLACE));
  }

  /** The message of the refusal, without the folder, which must be left without a dataset. */
  private String refusal(Executable run) throws IOException {
    String message = assertThrows(IOException.class, run).getMessage();
    Path out = folder.resolve("out");
    if (Files.exists(out)) {
      try (Stream<Path> left = Files.list(out)) {
        assertEquals(List.of(), left.toList());
      }
    }
    return message.replace("file:" + folder, "").replace(folder.toString(), "");
  }

  private String csvRefusal(String text, CsvOptions options) throws IOException {
    return refusal(() -> csv(text, options));
  }

  @Test
  void csvWithClassesInAnyColumn() throws Exception {
    ShardedDataset dataset =
        csv(
            "a,kind,b\n1, red ,2\n\n3.5,\"blue, dark\",-4e2\n5,red,\"6\"\n",
            CsvOptions.of(Header.PRESENT).label("kind"));
    assertEquals(
        List.of(
            new TensorSpec(
                "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(2)),
            new TensorSpec(
                "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(2))),
        dataset.manifest().tensors());
    assertEquals(Map.of("labels", List.of("blue, dark", "red")), dataset.manifest().classes());
    assertEquals(
        List.of("a", "b", "kind"),
        dataset.manifest().recipe().fitted().tensors().stream()
            .flatMap(tensor -> tensor.columns().stream())
            .map(FittedColumn::column)
            .toList());
    MicroBatch batch = all(dataset);
    assertArrayEquals(new float[] {1, 2, 3.5f, -400, 5, 6}, batch.values().get(0));
    assertArrayEquals(new float[] {0, 1, 1, 0, 0, 1}, batch.values().get(1));
  }

  @Test
  void csvWithoutAHeaderTakesTheLastColumnOrAnIndex() throws Exception {
    assertArrayEquals(
        new float[] {1, 2, 4, 5},
        all(csv("1;2;0\n4;5;1\n", CsvOptions.of(Header.ABSENT).delimiter(';'))).values().get(0));
    assertArrayEquals(
        new float[] {2, 0, 5, 1},
        all(csv("1,2,0\n4,5,1\n", CsvOptions.of(Header.ABSENT).label("0"))).values().get(0));
  }

  @Test
  void csvForRegressionAndWithoutLabels() throws Exception {
    MicroBatch regression =
        all(
            csv(
                "1,2,0.5\n4,5,1.5\n",
                CsvOptions.of(Header.ABSENT).labelKind(LabelKind.REGRESSION)));
    assertArrayEquals(new float[] {0.5f, 1.5f}, regression.values().get(1));
    MicroBatch features =
        all(csv("1,2\n4,5\n", CsvOptions.of(Header.ABSENT).labelKind(LabelKind.NONE)));
    assertEquals(1, features.values().size());
    assertArrayEquals(new float[] {1, 2, 4, 5}, features.values().get(0));
  }

  @Test
  void csvWithGivenClassesKeepsTheirIndices() throws Exception {
    CsvOptions options = CsvOptions.of(Header.ABSENT).classes(List.of("c", "b", "a"));
    assertArrayEquals(
        new float[] {0, 0, 1, 1, 0, 0}, all(csv("1,a\n2,c\n", options)).values().get(1));
  }

  @Test
  void aLabelThatIsNoneOfTheGivenClassesIsRefused() throws IOException {
    assertEquals(
        "/in.csv, line 2: label 'x' in column 1 is none of the 3 classes [c, b, a]",
        csvRefusal("1,a\n2,x\n", CsvOptions.of(Header.ABSENT).classes(List.of("c", "b", "a"))));
  }

  @Test
  void badCsvIsRefusedWithFileAndLine() throws IOException {
    CsvOptions plain = CsvOptions.of(Header.ABSENT);
    CsvOptions named = CsvOptions.of(Header.PRESENT);
    assertEquals(
        "/in.csv, line 2: 'NaN' in column 0 is not a finite number: replace it or drop the row",
        csvRefusal("1,2,a\nNaN,4,b\n", plain));
    assertEquals(
        "/in.csv, line 2: 'many' in column y is no number", csvRefusal("x,y,k\n1,many,a\n", named));
    assertEquals(
        "/in.csv, line 3: column 1 is empty: fill in a number or drop the row",
        csvRefusal("1,2,a\n3,4,b\n5,,a\n", plain));
    assertEquals(
        "/in.csv, line 2: 2 values, but the first line has 3 columns",
        csvRefusal("1,2,a\n3,b\n", plain));
    assertEquals(
        "/in.csv, line 2: more than the 3 columns of the first line, or a value that is too long",
        csvRefusal("1,2,a\n3,4,5,b\n", plain));
    assertEquals("/in.csv, line 1: the label in column 2 is empty", csvRefusal("1,2,\n", plain));
    assertEquals(
        "/in.csv, line 1: 'a' in column 2 is no number",
        csvRefusal("1,2,a\n", plain.labelKind(LabelKind.REGRESSION)));
    assertEquals(
        "/in.csv has no column z: its columns are [x, y]",
        csvRefusal("x,y\n1,a\n", named.label("z")));
    assertEquals(
        "label column z of /in.csv: without a header, give its index",
        csvRefusal("1,a\n", plain.label("z")));
    assertEquals(
        "label column 5 of /in.csv is not in [0, columns=2)",
        csvRefusal("1,a\n", plain.label("5")));
    assertEquals(
        "/in.csv has 1 column, so no feature beside the label: is the delimiter ',' right?",
        csvRefusal("1;2;a\n", plain));
    assertEquals("/in.csv is empty: it holds no row", csvRefusal("", plain));
    assertEquals("/in.csv holds no row", csvRefusal("x,y\n", named));
    assertEquals(
        "the data for sample hold no example",
        csvRefusal("x,y\n", named.labelKind(LabelKind.NONE)));
    assertEquals(
        "no data at /none.csv: it does not exist",
        refusal(
            () -> CsvIngest.ingest(spark, folder + "/none.csv", folder + "/out", plain, OPTIONS)));
  }

  @Test
  void theFirstProblemInTheOrderOfTheDataIsReported() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= 400; i++) {
      text.append(i >= 150 && i % 50 == 0 ? "bad" : "1").append(",a\n");
    }
    Files.writeString(folder.resolve("in.csv"), text);
    assertEquals(
        "/in.csv, line 150: 'bad' in column 0 is no number",
        refusal(
            () ->
                CsvIngest.ingest(
                    spark,
                    folder + "/in.csv",
                    folder + "/out",
                    CsvOptions.of(Header.ABSENT),
                    OPTIONS.shardBytes(100))));
  }

  @Test
  void filesWithOtherColumnsThanTheFirstAreRefused() throws IOException {
    Path in = Files.createDirectory(folder.resolve("in"));
    Files.writeString(in.resolve("1.csv"), "x,y\n1,a\n");
    Files.writeString(in.resolve("2.csv"), "y,x\na,1\n");
    assertEquals(
        "/in/2.csv, line 1: columns [y, x] are not those of the first file, [x, y]",
        refusal(
            () ->
                CsvIngest.ingest(
                    spark,
                    in.toString(),
                    folder + "/out",
                    CsvOptions.of(Header.PRESENT),
                    OPTIONS)));
  }

  @Test
  void anExistingDatasetIsRefusedUnlessItIsToBeReplaced() throws IOException {
    Files.writeString(folder.resolve("in.csv"), "1,a\n2,b\n");
    String in = folder + "/in.csv";
    String out = folder + "/out";
    CsvOptions options = CsvOptions.of(Header.ABSENT);
    CsvIngest.ingest(spark, in, out, options, OPTIONS);
    assertEquals(
        "file:" + out + " already holds a dataset: choose another folder, or ask to replace it",
        assertThrows(IOException.class, () -> CsvIngest.ingest(spark, in, out, options, OPTIONS))
            .getMessage());
    CsvIngest.ingest(spark, in, out, options, OPTIONS.ifExists(IfExists.REPLACE));
    Files.writeString(folder.resolve("in.csv"), "1,a\nx,b\n");
    assertThrows(
        InvalidDataException.class,
        () -> CsvIngest.ingest(spark, in, out, options, OPTIONS.ifExists(IfExists.REPLACE)));
    // A failed replacement leaves the dataset that was there.
    ShardedDatasets.verify(
        ShardedDatasets.open(out, spark.hadoopConfiguration()), spark.hadoopConfiguration());
  }

  @Test
  void idxPlainAndGzipGiveTheSame() throws Exception {
    Path plain = Files.createDirectory(folder.resolve("plain"));
    Path packed = Files.createDirectory(folder.resolve("packed"));
    IdxSamples.write(plain, "t10k-", 30, 3, 2, 4);
    try (Stream<Path> files = Files.list(plain)) {
      for (Path file : files.toList()) {
        try (InputStream in = Files.newInputStream(file);
            OutputStream out =
                new GZIPOutputStream(
                    Files.newOutputStream(packed.resolve(file.getFileName() + ".gz")))) {
          in.transferTo(out);
        }
      }
    }
    ShardingOptions small = OPTIONS.blockExamples(4).shardBytes(200);
    ShardedDataset dataset =
        IdxIngest.ingest(spark, plain.toString(), folder + "/a", IdxOptions.defaults(), small);
    ShardedDataset other =
        IdxIngest.ingest(spark, packed.toString(), folder + "/b", IdxOptions.defaults(), small);
    assertEquals(dataset.manifest().fingerprint(), other.manifest().fingerprint());
    assertEquals(8, dataset.manifest().shards().size());
    assertEquals(List.of(1, 3, 2), dataset.manifest().tensors().get(0).shape());
    assertEquals(List.of(4), dataset.manifest().tensors().get(1).shape());
    MicroBatch batch = all(dataset);
    for (int i = 0; i < 30; i++) {
      for (int p = 0; p < 6; p++) {
        assertEquals((7 * i + p) % 256 / 255f, batch.values().get(0)[6 * i + p]);
      }
      assertEquals(1, batch.values().get(1)[4 * i + i % 4]);
    }
  }

  @Test
  void aRangeOfIdxItemsIsTakenAndNormalised() throws Exception {
    Path in = Files.createDirectory(folder.resolve("in"));
    IdxSamples.write(in, "", 30, 2, 2, 4);
    IdxOptions halves = IdxOptions.defaults().normalized(0.5, 0.5);
    ShardedDataset dataset =
        IdxIngest.ingest(
            spark,
            in.toString(),
            folder + "/a",
            halves.items(11, 23),
            OPTIONS.blockExamples(4).shardBytes(100));
    assertEquals(12, dataset.manifest().examples());
    assertEquals(List.of(4), dataset.manifest().tensors().get(1).shape());
    MicroBatch batch = all(dataset);
    for (int i = 0; i < 12; i++) {
      for (int p = 0; p < 4; p++) {
        int pixel = (7 * (11 + i) + p) % 256;
        assertEquals(2 * pixel / 255.0 - 1, batch.values().get(0)[4 * i + p], 1e-6);
      }
      assertEquals(1, batch.values().get(1)[4 * i + (11 + i) % 4]);
    }
    ShardedDataset rest =
        IdxIngest.ingest(spark, in.toString(), folder + "/b", halves.items(23, 1_000), OPTIONS);
    assertEquals(7, rest.manifest().examples());
    assertEquals(
        "items from=30: /in/images-idx3-ubyte has 30: begin before that",
        refusal(
            () ->
                IdxIngest.ingest(
                    spark, in.toString(), folder + "/c", halves.items(30, 31), OPTIONS)));
  }

  @Test
  void badIdxIsRefused() throws IOException {
    Path in = Files.createDirectory(folder.resolve("in"));
    Executable ingest =
        () ->
            IdxIngest.ingest(spark, in.toString(), folder + "/out", IdxOptions.defaults(), OPTIONS);
    assertEquals(
        "no IDX images in /in: looked for [train-|t10k-]images-idx3-ubyte[.gz]", refusal(ingest));
    Path images = in.resolve("images-idx3-ubyte");
    Path labels = in.resolve("labels-idx1-ubyte");
    IdxSamples.images(images, 10, 10, 2, 2);
    assertEquals("no labels-idx1-ubyte[.gz] in /in", refusal(ingest));
    IdxSamples.labels(labels, 9, 3);
    assertEquals(
        "/in/images-idx3-ubyte has 10 images, /in/labels-idx1-ubyte 9 labels: they do not belong"
            + " together",
        refusal(ingest));
    IdxSamples.labels(labels, 10, 3);
    assertEquals(
        "/in/labels-idx1-ubyte: label 2 of item 2 is not in [0, classes=2)",
        refusal(
            () ->
                IdxIngest.ingest(
                    spark,
                    in.toString(),
                    folder + "/out",
                    new IdxOptions(IdxOptions.FIND, 2),
                    OPTIONS)));
    IdxSamples.images(images, 10, 7, 2, 2);
    assertEquals(
        "/in/images-idx3-ubyte ends before item 7 is complete, but its header says 10 items: it is"
            + " cut short",
        refusal(ingest));
    Files.write(labels, Arrays.copyOf(Files.readAllBytes(labels), 12));
    assertEquals("/in/labels-idx1-ubyte is cut short: its header says 10 items", refusal(ingest));
    Files.write(images, new byte[] {1, 2, 3, 4, 5});
    assertEquals(
        "/in/images-idx3-ubyte starts with 01020304, not 00000803: it is no IDX file of unsigned"
            + " bytes in 3 dimensions",
        refusal(ingest));
    Files.write(images, new byte[] {0, 0});
    assertEquals("/in/images-idx3-ubyte ends inside its header", refusal(ingest));
    assertEquals(
        "no data at /nowhere: it does not exist",
        refusal(
            () ->
                IdxIngest.ingest(
                    spark, folder + "/nowhere", folder + "/out", IdxOptions.defaults(), OPTIONS)));
  }

  @Test
  void badExamplesAreRefusedByNumber() throws IOException {
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(
                "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(1)));
    ShardingOptions small = OPTIONS.blockExamples(4).shardBytes(16);
    assertEquals(
        "example 13: tensor features: value[0]=Infinity is not a finite number: remove or replace"
            + " it",
        refusal(
            () ->
                ExampleIngest.ingest(
                    spark
                        .parallelize(Collections.nCopies(20, 1f), 3)
                        .zipWithIndex()
                        .map(
                            pair ->
                                Example.of(
                                    new float[] {
                                      pair._2() < 13 ? pair._2() : Float.POSITIVE_INFINITY
                                    })),
                    tensors,
                    Map.of(),
                    folder + "/out",
                    small)));
    assertEquals(
        "the RDD for sample holds no example",
        refusal(
            () ->
                ExampleIngest.ingest(
                    spark.<Example>emptyRDD(), tensors, Map.of(), folder + "/out", small)));
  }

  @Test
  void realFilesHaveTheirKnownShape() throws Exception {
    Path data = Path.of(System.getProperty("lockstep.data", "none"));
    Assumptions.assumeTrue(
        Files.exists(data.resolve("iris.csv")), "skipped: no real data at lockstep.data=" + data);
    CsvOptions plain = CsvOptions.of(Header.ABSENT);
    ShardedDataset iris =
        CsvIngest.ingest(spark, data + "/iris.csv", folder + "/iris", plain, OPTIONS);
    assertEquals(150, iris.manifest().examples());
    assertEquals(
        List.of("Iris-setosa", "Iris-versicolor", "Iris-virginica"),
        iris.manifest().classes().get("labels"));
    ShardedDataset wine =
        CsvIngest.ingest(spark, data + "/winequality-white.csv", folder + "/wine", plain, OPTIONS);
    assertEquals(4898, wine.manifest().examples());
    assertEquals(
        List.of("3", "4", "5", "6", "7", "8", "9"), wine.manifest().classes().get("labels"));
    ShardedDataset mnist =
        IdxIngest.ingest(
            spark, data + "/mnist-10k", folder + "/mnist", IdxOptions.defaults(), OPTIONS);
    assertEquals(10_000, mnist.manifest().examples());
    assertEquals(List.of(1, 28, 28), mnist.manifest().tensors().get(0).shape());
    assertEquals(List.of(10), mnist.manifest().tensors().get(1).shape());
    assertTrue(mnist.manifest().blockSizes()[0] > 100);
  }

  @Test
  void defaultsAreThese() {
    assertEquals(
        new ShardingOptions(
            "sample",
            IfExists.REFUSE,
            new ShardingOptions.Layout(ShardingOptions.CHOOSE, 64L << 20, ShardCompression.NONE),
            SplitSpec.NONE,
            BadData.FAIL,
            ""),
        OPTIONS);
    assertEquals(
        new CsvOptions(Header.ABSENT, ',', CsvOptions.LAST, LabelKind.CLASSIFICATION, List.of()),
        CsvOptions.of(Header.ABSENT));
    assertEquals(new IdxOptions("?", 0), IdxOptions.defaults());
    List<TensorSpec> wide = List.of(floats(784));
    assertEquals(167, OPTIONS.blockExamplesFor(wide));
    assertEquals(167 * 128, OPTIONS.shardExamplesFor(wide));
    assertEquals(1024, OPTIONS.blockExamplesFor(List.of(floats(4))));
    assertEquals(1, OPTIONS.blockExamplesFor(List.of(floats(1 << 20))));
  }

  private static TensorSpec floats(int elements) {
    return new TensorSpec(
        "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(elements));
  }
}
