package dev.lockstep.sharding.ingest;

import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.bytes;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.example;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.floats;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.integers;
import static dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples.record;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.TfRecordOptions.Classes;
import dev.lockstep.sharding.TfRecordOptions.Image;
import dev.lockstep.sharding.TfRecordOptions.Numbers;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.ingest.idx.IdxSamples;
import dev.lockstep.sharding.ingest.image.ImageIngest;
import dev.lockstep.sharding.ingest.image.ImageSamples;
import dev.lockstep.sharding.ingest.libsvm.LibSvmIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmOptions;
import dev.lockstep.sharding.ingest.tfrecord.TfRecordIngest;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same images in every format that can hold them are the same dataset. */
class FormatsAgreeTest {

  private static final int IMAGES = 40;
  private static final int HEIGHT = 6;
  private static final int WIDTH = 5;
  private static final ShardingOptions OPTIONS = ShardingOptions.named("sample").blockExamples(8);
  private static final ImageOptions GRAY =
      ImageOptions.of(Color.GRAY).size(HEIGHT, WIDTH, Resize.NONE);

  @TempDir Path folder;

  @Test
  void theSameImagesAreTheSameDatasetWhateverTheyComeIn() throws Exception {
    String idx = Files.createDirectory(folder.resolve("idx")).toString();
    IdxSamples.write(Path.of(idx), "", IMAGES, HEIGHT, WIDTH, 1);
    writeTheSame();
    try (JavaSparkContext spark = SparkOn.master("local[2]")) {
      ShardedDataset wanted =
          IdxIngest.ingest(spark, idx, folder + "/1", IdxOptions.defaults(), OPTIONS);
      String fingerprint = wanted.manifest().fingerprint();
      assertEquals(
          fingerprint,
          ImageIngest.ingest(spark, folder + "/png", folder + "/2", GRAY, OPTIONS)
              .manifest()
              .fingerprint());
      Classes labels = new Classes("label", List.of("0"));
      List<Integer> shape = List.of(1, HEIGHT, WIDTH);
      int number = 3;
      for (TfRecordOptions.Field features :
          List.of(new Image("png", GRAY), Numbers.features("values", shape))) {
        ShardedDataset records =
            TfRecordIngest.ingest(
                spark,
                folder + "/images.tfrecord",
                folder + "/" + number++,
                TfRecordOptions.of(features, labels),
                OPTIONS);
        assertEquals(fingerprint, records.manifest().fingerprint());
      }
      ShardedDataset sparse =
          LibSvmIngest.ingest(
              spark,
              folder + "/images.svm",
              folder + "/5",
              LibSvmOptions.of(LabelKind.CLASSIFICATION),
              OPTIONS);
      assertArrayEquals(Read.all(wanted).values().get(0), Read.all(sparse).values().get(0));
    }
  }

  /** The pixels of {@link IdxSamples} as PNG, as records and as LIBSVM text. */
  private void writeTheSame() throws IOException {
    StringBuilder text = new StringBuilder();
    try (OutputStream records = Files.newOutputStream(folder.resolve("images.tfrecord"))) {
      for (int i = 0; i < IMAGES; i++) {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
        float[] values = new float[HEIGHT * WIDTH];
        text.append('0');
        for (int p = 0; p < values.length; p++) {
          int pixel = (7 * i + p) % 256;
          image.getRaster().setSample(p % WIDTH, p / WIDTH, 0, pixel);
          values[p] = pixel / 255f;
          if (pixel > 0) {
            text.append(' ').append(p + 1).append(':').append(values[p]);
          }
        }
        text.append('\n');
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        ImageSamples.write(folder.resolve("png/0/%03d.png".formatted(i)), png.toByteArray());
        records.write(
            record(
                example(
                    bytes("png", png.toByteArray()),
                    floats("values", values),
                    integers("label", 0))));
      }
    }
    Files.writeString(folder.resolve("images.svm"), text);
  }
}
