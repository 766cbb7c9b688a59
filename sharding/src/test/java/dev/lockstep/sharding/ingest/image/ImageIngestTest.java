package dev.lockstep.sharding.ingest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.Read;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SparkOn;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of images. */
class ImageIngestTest {

  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").ifExists(IfExists.REPLACE);
  private static final ImageOptions GRAY = ImageOptions.of(Color.GRAY);

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

  private ShardedDataset ingest(ImageOptions images, ShardingOptions options) throws IOException {
    return ImageIngest.ingest(
        spark, in.toString(), folder.resolve("out").toString(), images, options);
  }

  private String refusal(ImageOptions images) throws IOException {
    String message = assertThrows(IOException.class, () -> ingest(images, OPTIONS)).getMessage();
    assertFalse(ShardedDatasets.exists(folder.resolve("out").toString(), new Configuration()));
    return message.replace("file:" + folder, "");
  }

  @Test
  void eachFileIsAnExampleInTheOrderOfPathsAndItsFolderTheClass() throws Exception {
    ImageSamples.gray(in.resolve("cat/2.png"), 3, 2, 2);
    ImageSamples.gray(in.resolve("cat/1/b.png"), 3, 2, 1);
    ImageSamples.gray(in.resolve("bird/x.jpg"), 3, 2, 0);
    ImageSamples.gray(in.resolve("dog/deep/er/z.png"), 3, 2, 3);
    ImageSamples.gray(in.resolve("dog/.hidden/a.png"), 9, 9, 3);
    ImageSamples.gray(in.resolve("_made/a.png"), 9, 9, 3);
    Files.writeString(in.resolve("dog/.notes"), "text");
    Files.writeString(in.resolve(".notes"), "text");
    ShardedDataset dataset = ingest(GRAY, OPTIONS.blockExamples(1).shardBytes(56));
    assertEquals(2, dataset.manifest().shards().size());
    assertEquals(List.of(1, 3, 2), dataset.manifest().tensors().get(0).shape());
    assertEquals(Map.of("labels", List.of("bird", "cat", "dog")), dataset.manifest().classes());
    MicroBatch batch = Read.all(dataset);
    assertArrayEquals(new float[] {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1}, batch.values().get(1));
    for (int i = 0; i < 4; i++) {
      for (int y = 0; y < 3; y++) {
        for (int x = 0; x < 2; x++) {
          assertEquals(
              ImageSamples.sample(i, y, x, 0) / 255f, batch.values().get(0)[6 * i + 2 * y + x]);
        }
      }
    }
    assertEquals("images", dataset.manifest().provenance().get("format"));
    assertEquals("3", dataset.manifest().provenance().get("height"));
    assertEquals("GRAY", dataset.manifest().provenance().get("color"));
  }

  @Test
  void imagesOfAnySizeAndKindBecomeOneTensorNormalisedByChannel() throws Exception {
    ImageSamples.write(
        in.resolve("a/1.png"), ImageSamples.bytes("png", BufferedImage.TYPE_3BYTE_BGR, 2, 2, 1));
    ImageSamples.write(
        in.resolve("a/2.jpg"), ImageSamples.bytes("jpg", BufferedImage.TYPE_3BYTE_BGR, 31, 17, 2));
    ImageSamples.write(
        in.resolve("b/3.png"), ImageSamples.bytes("png", BufferedImage.TYPE_4BYTE_ABGR, 1, 5, 3));
    ImageOptions images =
        ImageOptions.of(Color.RGB)
            .size(2, 2, Resize.CROP)
            .normalized(List.of(0.5, 0.25, 0.0), List.of(0.5, 0.125, 2.0));
    ShardedDataset dataset = ingest(images, OPTIONS);
    assertEquals(3, dataset.manifest().examples());
    assertEquals(List.of(3, 2, 2), dataset.manifest().tensors().get(0).shape());
    assertEquals("0.5,0.25,0.0", dataset.manifest().provenance().get("mean"));
    float[] features = Read.all(dataset).values().get(0);
    double[] means = {0.5, 0.25, 0};
    double[] deviations = {0.5, 0.125, 2};
    for (int c = 0; c < 3; c++) {
      for (int p = 0; p < 4; p++) {
        double value = ImageSamples.sample(1, p / 2, p % 2, c) / 255.0;
        assertEquals((value - means[c]) / deviations[c], features[4 * c + p], 1e-6);
      }
    }
  }

  @Test
  void foldersNamedByIntegersAreClassesInTheirOrder() throws Exception {
    for (int label = 0; label < 12; label++) {
      ImageSamples.gray(in.resolve(label + "/a.png"), 1, 1, label);
    }
    List<String> classes = ingest(GRAY, OPTIONS).manifest().classes().get("labels");
    assertEquals(12, classes.size());
    assertEquals(List.of("9", "10", "11"), classes.subList(9, 12));
    Files.move(in.resolve("3"), in.resolve("03"));
    assertEquals(
        List.of("0", "03", "1", "10"),
        ingest(GRAY, OPTIONS).manifest().classes().get("labels").subList(0, 4));
  }

  @Test
  void givenClassesKeepTheirIndicesThoughOneHasNoFolder() throws Exception {
    ImageSamples.gray(in.resolve("cat/a.png"), 1, 1, 0);
    ImageSamples.gray(in.resolve("dog/a.png"), 1, 1, 0);
    ShardedDataset dataset = ingest(GRAY.classes(List.of("dog", "bird", "cat")), OPTIONS);
    assertArrayEquals(new float[] {0, 0, 1, 1, 0, 0}, Read.all(dataset).values().get(1));
    assertEquals(
        "folder /in/dog is none of the 2 classes [cat, bird]",
        assertThrows(
                InvalidDataException.class,
                () -> ingest(GRAY.classes(List.of("cat", "bird")), OPTIONS))
            .getMessage()
            .replace("file:" + folder, ""));
  }

  @Test
  void foldersThatAreNotOnePerClassAreRefused() throws IOException {
    assertEquals(
        "/in holds no folder: put images into one folder for each class, as in /in/CLASS/1.png",
        refusal(GRAY));
    Files.createDirectory(in.resolve("cat"));
    assertEquals("/in/ holds no image", refusal(GRAY));
    Files.createDirectory(in.resolve("dog"));
    ImageSamples.gray(in.resolve("cat/1.png"), 2, 2, 1);
    assertEquals("folder /in/dog holds no image: remove it, or give the classes", refusal(GRAY));
    ImageSamples.gray(in.resolve("stray.png"), 2, 2, 1);
    assertEquals(
        "/in/stray.png is in no class: put images into one folder for each class, as in"
            + " /in/CLASS/stray.png",
        refusal(GRAY));
    in = folder.resolve("nowhere");
    assertEquals("no data at /nowhere: it does not exist", refusal(GRAY));
    in = folder.resolve("in/stray.png");
    assertEquals(
        "/in/stray.png is no folder: give the one that holds a folder for each class",
        refusal(GRAY));
  }

  @Test
  void filesThatAreNoWholeImageAreRefusedByName() throws IOException {
    ImageSamples.gray(in.resolve("a/1.png"), 20, 20, 1);
    byte[] png = ImageSamples.bytes("png", BufferedImage.TYPE_BYTE_GRAY, 20, 20, 1);
    byte[] jpeg = ImageSamples.bytes("jpg", BufferedImage.TYPE_BYTE_GRAY, 20, 20, 1);
    Path bad = in.resolve("a/2.png");
    Files.write(bad, new byte[0]);
    assertEquals("/in/a/2.png: it is empty", refusal(GRAY));
    Files.writeString(bad, "some text");
    assertEquals(
        "/in/a/2.png: it is no image of a kind that Java reads (PNG, JPEG …)", refusal(GRAY));
    Files.write(bad, Arrays.copyOf(png, png.length / 2));
    String message = refusal(GRAY);
    assertTrue(
        message.startsWith("/in/a/2.png: it is damaged or cut short (Error reading PNG"), message);
    Files.write(bad, Arrays.copyOf(jpeg, jpeg.length - 20));
    message = refusal(GRAY);
    assertTrue(message.startsWith("/in/a/2.png: it is cut short ("), message);
    Files.write(bad, Arrays.copyOf(png, 20));
    Files.move(bad, in.resolve("a/0.png"));
    message = refusal(GRAY);
    assertTrue(message.startsWith("/in/a/0.png: it is damaged or cut short ("), message);
  }

  @Test
  void badImagesAreLeftOutAndCountedWhenAskedFor() throws Exception {
    for (int i = 0; i < 9; i++) {
      ImageSamples.gray(in.resolve("a/" + i + ".png"), 2, 2, i);
    }
    Files.write(in.resolve("a/2.png"), new byte[0]);
    ImageSamples.gray(in.resolve("a/5.png"), 3, 2, 5);
    Files.writeString(in.resolve("a/8.png"), "text");
    ShardedDataset dataset =
        ingest(GRAY, OPTIONS.badData(BadData.SKIP).blockExamples(2).shardBytes(40));
    float[] features = Read.all(dataset).values().get(0);
    assertEquals(6 * 4, features.length);
    int[] left = {0, 1, 3, 4, 6, 7};
    for (int i = 0; i < left.length; i++) {
      assertEquals(ImageSamples.sample(left[i], 0, 0, 0) / 255f, features[4 * i]);
    }
    Map<String, String> provenance = dataset.manifest().provenance();
    assertEquals("3", provenance.get("skipped"));
    assertEquals(
        "/in/a/2.png: it is empty", provenance.get("firstSkipped").replace("file:" + folder, ""));
  }

  @Test
  void theFirstImageOfAnotherSizeIsNamed() throws IOException {
    List<Path> files = new ArrayList<>();
    for (int i = 10; i < 30; i++) {
      files.add(in.resolve("a/" + i + ".png"));
      ImageSamples.gray(files.get(i - 10), 4, 5, i);
    }
    ImageSamples.gray(in.resolve("a/17.png"), 5, 4, 1);
    ImageSamples.gray(in.resolve("a/25.png"), 3, 4, 1);
    assertEquals(
        "/in/a/17.png: height x width = 5x4 != 4x5: all images must have one size; give it, and a"
            + " way to resize",
        assertThrows(
                InvalidDataException.class,
                () -> ingest(GRAY, OPTIONS.blockExamples(1).shardBytes(200)))
            .getMessage()
            .replace("file:" + folder, ""));
  }

  @Test
  void optionsThatCannotBeAreRefused() {
    assertRefused(
        "height=-1 width=2 must be in [1, 16384], or both 0 for the size of the first image",
        () -> GRAY.size(-1, 2, Resize.CROP));
    assertRefused("height=0 width=2: give both, or neither", () -> GRAY.size(0, 2, Resize.NONE));
    assertRefused(
        "resize=CROP needs a height and a width to resize to", () -> GRAY.size(0, 0, Resize.CROP));
    assertRefused("classes=[a, a] names one of them twice", () -> GRAY.classes(List.of("a", "a")));
    assertRefused(
        "3 normalizations for the 1 channels of GRAY: give one, or one for each channel",
        () -> GRAY.normalized(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0)));
    assertRefused(
        "2 means, 1 deviations: give as many of both",
        () -> GRAY.normalized(List.of(0.0, 0.0), List.of(1.0)));
    assertEquals(
        new ImageOptions(
            0, 0, Color.GRAY, Resize.NONE, List.of(), List.of(new Normalization(0, 1))),
        GRAY);
  }

  private static void assertRefused(String message, Runnable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run::run).getMessage());
  }
}
