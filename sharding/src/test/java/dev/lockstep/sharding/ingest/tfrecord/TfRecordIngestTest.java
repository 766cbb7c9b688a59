package dev.lockstep.sharding.ingest.tfrecord;

import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.bytes;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.example;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.floats;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.integers;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.record;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.TfRecordOptions.Classes;
import dev.lockstep.sharding.TfRecordOptions.Image;
import dev.lockstep.sharding.TfRecordOptions.Numbers;
import dev.lockstep.sharding.ingest.Read;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SparkOn;
import dev.lockstep.sharding.ingest.image.ImageSamples;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TFRecord files. */
class TfRecordIngestTest {

  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").ifExists(IfExists.REPLACE);
  private static final TfRecordOptions PLAIN =
      TfRecordOptions.of(
          Numbers.features("x", List.of(2)), new Classes("y", List.of("cat", "dog")));

  private static JavaSparkContext spark;
  @TempDir Path folder;
  private Path in;

  @BeforeAll
  static void start() {
    spark = SparkOn.master("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.close();
  }

  @BeforeEach
  void makeInput() throws IOException {
    in = Files.createDirectory(folder.resolve("in"));
  }

  private void write(String file, byte[]... records) throws IOException {
    try (OutputStream out = Files.newOutputStream(in.resolve(file))) {
      for (byte[] each : records) {
        out.write(each);
      }
    }
  }

  private static byte[] sample(int i) throws IOException {
    return record(example(floats("x", i, -i), integers("y", i % 2)));
  }

  private ShardedDataset ingest(TfRecordOptions tfRecord, ShardingOptions options)
      throws IOException {
    return TfRecordIngest.ingest(
        spark, in.toString(), folder.resolve("out").toString(), tfRecord, options);
  }

  private String refusal(TfRecordOptions tfRecord) throws IOException {
    String message = assertThrows(IOException.class, () -> ingest(tfRecord, OPTIONS)).getMessage();
    assertFalse(ShardedDatasets.exists(folder.resolve("out").toString(), new Configuration()));
    return message.replace("file:" + folder, "").replace(folder.toString(), "");
  }

  @Test
  void namedFeaturesBecomeTensorsInTheOrderOfFilesAndRecords() throws Exception {
    write("b", sample(3), sample(4));
    write("a", sample(0), sample(1), sample(2));
    ShardedDataset dataset = ingest(PLAIN, OPTIONS.shardBytes(60));
    assertEquals(2, dataset.manifest().shards().size());
    assertEquals(Map.of("labels", List.of("cat", "dog")), dataset.manifest().classes());
    assertEquals("tfrecord", dataset.manifest().provenance().get("format"));
    assertEquals("x", dataset.manifest().provenance().get("features"));
    MicroBatch batch = Read.all(dataset);
    assertArrayEquals(new float[] {0, 0, 1, -1, 2, -2, 3, -3, 4, -4}, batch.values().get(0));
    assertArrayEquals(new float[] {1, 0, 0, 1, 1, 0, 0, 1, 1, 0}, batch.values().get(1));
  }

  @Test
  void packedFilesGiveTheSame() throws Exception {
    write("a", sample(0), sample(1));
    String plain = ingest(PLAIN, OPTIONS).manifest().fingerprint();
    Files.delete(in.resolve("a"));
    writePacked("a.gz");
    assertEquals(plain, ingest(PLAIN, OPTIONS).manifest().fingerprint());
  }

  private void writePacked(String file) throws IOException {
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(in.resolve(file)))) {
      out.write(sample(0));
      out.write(sample(1));
    }
  }

  @Test
  void packedFilesThatAreCutOrNamedAsIfTheyWerePlainAreRefused() throws IOException {
    writePacked("a.gz");
    byte[] packed = Files.readAllBytes(in.resolve("a.gz"));
    Files.write(in.resolve("a.gz"), Arrays.copyOf(packed, packed.length - 12));
    String message = refusal(PLAIN);
    assertTrue(message.startsWith("/in/a.gz, record "), message);
    Files.move(in.resolve("a.gz"), in.resolve("a"));
    assertEquals(
        "/in/a, record 0: its length has the wrong checksum: it is no TFRecord file, or a packed"
            + " one whose name does not end in .gz",
        refusal(PLAIN));
  }

  @Test
  void integersTextAndImagesBecomeNumbersClassesAndPixels() throws Exception {
    byte[] image = ImageSamples.bytes("png", BufferedImage.TYPE_BYTE_GRAY, 2, 3, 4);
    write(
        "a",
        record(
            example(
                bytes("image", image),
                bytes("kind", "dog".getBytes(StandardCharsets.UTF_8)),
                integers("weight", 7),
                floats("other", 1))));
    TensorSpec weights =
        new TensorSpec("weights", TensorSpec.Role.WEIGHTS, TensorSpec.Encoding.FLOAT32, List.of(1));
    ShardedDataset dataset =
        ingest(
            TfRecordOptions.of(
                new Image(
                    "image",
                    ImageOptions.of(Color.GRAY).size(2, 3, Resize.NONE).normalized(0.5, 0.5)),
                new Classes("kind", List.of("cat", "dog")),
                new Numbers("weight", weights)),
            OPTIONS);
    assertEquals(List.of(1, 2, 3), dataset.manifest().tensors().get(0).shape());
    MicroBatch batch = Read.all(dataset);
    for (int i = 0; i < 6; i++) {
      assertEquals(
          2 * ImageSamples.sample(4, i / 3, i % 3, 0) / 255.0 - 1, batch.values().get(0)[i], 1e-6);
    }
    assertArrayEquals(new float[] {0, 1}, batch.values().get(1));
    assertArrayEquals(new float[] {7}, batch.values().get(2));
  }

  @Test
  void badRecordsAreRefusedWithFileAndNumber() throws IOException {
    assertBad(
        "it has no values in feature 'x': its features are [y, z]",
        example(integers("y", 1), floats("z", 1)));
    assertBad(
        "feature 'x' is float_list of 3 values, not of 2 numbers for shape [2]",
        example(floats("x", 1, 2, 3), integers("y", 1)));
    assertBad(
        "feature 'x' is bytes_list of 1 values, not of 2 numbers for shape [2]",
        example(bytes("x", new byte[8]), integers("y", 1)));
    assertBad(
        "feature 'x': value 1 is NaN, not a finite number: replace it or drop the record",
        example(floats("x", 1, Float.NaN), integers("y", 1)));
    assertBad(
        "feature 'y': class 2 is not in [0, classes=2)",
        example(floats("x", 1, 2), integers("y", 2)));
    assertBad(
        "feature 'y': label 'bird' is none of the 2 classes [cat, dog]",
        example(floats("x", 1, 2), bytes("y", "bird".getBytes(StandardCharsets.UTF_8))));
    assertBad(
        "feature 'y' is float_list of 1 values, not int64_list or bytes_list of one value, the"
            + " class",
        example(floats("x", 1, 2), floats("y", 1)));
    assertBad(
        "it is no tf.train.Example (While parsing a protocol message, the input ended unexpectedly"
            + " in the middle of a field.  This could mean either that the input has been truncated"
            + " or that an embedded message misreported its own length.)",
        new byte[] {10, 50, 1});
  }

  private void assertBad(String problem, byte[] example) throws IOException {
    write("a", sample(0));
    write("b", sample(1), record(example), sample(2));
    assertEquals("/in/b, record 1: " + problem, refusal(PLAIN));
  }

  @Test
  void imagesThatCannotBeReadAreRefused() throws IOException {
    TfRecordOptions options =
        TfRecordOptions.of(new Image("image", ImageOptions.of(Color.RGB).size(2, 2, Resize.CROP)));
    write("a", record(example(bytes("image", new byte[0]))));
    assertEquals("/in/a, record 0: feature 'image': it is empty", refusal(options));
    write("a", record(example(integers("image", 3))));
    assertEquals(
        "/in/a, record 0: feature 'image' is int64_list of 1 values, not bytes_list of one value,"
            + " an image",
        refusal(options));
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    byte[] flipped = sample(1);
    flipped[15] ^= 4;
    write("a", sample(0), flipped, sample(2));
    assertEquals(
        "/in/a, record 1: its data have the wrong checksum: they are damaged", refusal(PLAIN));
    write("a", sample(0), sample(1), Arrays.copyOf(sample(2), 20));
    assertEquals("/in/a, record 2: the file ends inside it: it is cut short", refusal(PLAIN));
    write("a");
    assertEquals("/in is empty: it holds no row", refusal(PLAIN));
  }

  @Test
  void damagedRecordsAreLeftOutAndCountedWhenAskedForButNotACutFile() throws Exception {
    byte[] flipped = sample(1);
    flipped[15] ^= 4;
    write("a", sample(0), flipped, sample(2), record(example(floats("x", 1))), sample(4));
    ShardingOptions skip = OPTIONS.badData(BadData.SKIP);
    ShardedDataset dataset = ingest(PLAIN, skip);
    assertArrayEquals(new float[] {0, 0, 2, -2, 4, -4}, Read.all(dataset).values().get(0));
    assertEquals("2", dataset.manifest().provenance().get("skipped"));
    write("b", Arrays.copyOf(sample(5), 20));
    assertEquals(
        "/in/b, record 0: the file ends inside it: it is cut short",
        assertThrows(InvalidDataException.class, () -> ingest(PLAIN, skip))
            .getMessage()
            .replace("file:" + folder, ""));
  }

  @Test
  void optionsThatCannotBeAreRefused() {
    assertRefused(
        "no feature is named: say which become the features and the labels",
        () -> TfRecordOptions.of());
    assertRefused(
        "two features become the tensor labels",
        () -> TfRecordOptions.of(new Classes("a", List.of("x")), Numbers.labels("b", List.of(1))));
    assertRefused(
        "feature a has no classes: name them in the order of their indices",
        () -> new Classes("a", List.of()));
    assertRefused(
        "classes=[x, x] names one of them twice", () -> new Classes("a", List.of("x", "x")));
    assertRefused(
        "images in feature a have no size: give height, width and a way to resize (NONE refuses"
            + " others)",
        () -> new Image("a", ImageOptions.of(Color.GRAY)));
    assertRefused(
        "classes=[x] of images in feature a: classes are a feature of their own",
        () ->
            new Image(
                "a", ImageOptions.of(Color.GRAY).size(1, 1, Resize.CROP).classes(List.of("x"))));
    assertRefused(
        "tensor labels of numbers: encoding=CLASS_INDEX must be FLOAT32",
        () -> new Numbers("a", new Classes("a", List.of("x")).tensor()));
  }

  private static void assertRefused(String message, Runnable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run::run).getMessage());
  }
}
