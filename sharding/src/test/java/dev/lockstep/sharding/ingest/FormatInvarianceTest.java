package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.image.ImageIngest;
import dev.lockstep.sharding.ingest.image.ImageSamples;
import dev.lockstep.sharding.ingest.libsvm.LibSvmIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmOptions;
import dev.lockstep.sharding.ingest.tfrecord.TfRecordIngest;
import dev.lockstep.sharding.ingest.tfrecord.TfRecordSamples;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same files and options give the same dataset, whatever Spark it was written on. */
class FormatInvarianceTest {

  private static final ShardingOptions OPTIONS =
      ShardingOptions.named("sample").blockExamples(4).shardBytes(3_000);

  @TempDir static Path folder;

  /** By kind of data, then by Spark. Manifests hold the checksum of every file. */
  private static final Map<String, Map<String, DatasetManifest>> WRITTEN = new TreeMap<>();

  @BeforeAll
  static void ingestEverywhere() throws IOException {
    for (int i = 0; i < 60; i++) {
      boolean png = i % 3 != 0;
      ImageSamples.write(
          folder.resolve("images/%d/%d".formatted(i % 4, i)),
          ImageSamples.bytes(
              png ? "png" : "jpg", BufferedImage.TYPE_3BYTE_BGR, 5 + i % 9, 4 + i % 11, i));
    }
    Random random = new Random(3);
    for (String file : List.of("b", "c", "a")) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 150; i++) {
        text.append(random.nextInt(3)).append(' ').append(1 + random.nextInt(30)).append(":2\n");
      }
      Files.writeString(Files.createDirectories(folder.resolve("libsvm")).resolve(file), text);
    }
    for (String file : List.of("b", "c", "a")) {
      try (OutputStream out =
          Files.newOutputStream(
              Files.createDirectories(folder.resolve("tfrecord")).resolve(file))) {
        for (int i = 0; i < 50; i++) {
          out.write(
              TfRecordSamples.record(
                  TfRecordSamples.example(
                      TfRecordSamples.floats("x", random.nextFloat(), random.nextFloat()),
                      TfRecordSamples.integers("y", random.nextInt(3)))));
        }
      }
    }
    try (JavaSparkContext spark = SparkOn.master("local[1]")) {
      ingestAll("one slot", spark);
    }
    try (JavaSparkContext spark =
        SparkOn.master(
            "local[3]",
            Map.of(
                "spark.default.parallelism",
                "7",
                "spark.serializer",
                "org.apache.spark.serializer.KryoSerializer"))) {
      ingestAll("three slots, Kryo", spark);
    }
  }

  private static void ingestAll(String on, JavaSparkContext spark) throws IOException {
    String out = folder.resolve("out " + on).toString();
    record(
        "images",
        on,
        ImageIngest.ingest(
                spark,
                folder.resolve("images").toString(),
                out + "/images",
                ImageOptions.of(Color.RGB).size(8, 8, Resize.STRETCH),
                OPTIONS)
            .manifest());
    record(
        "libsvm",
        on,
        LibSvmIngest.ingest(
                spark,
                folder.resolve("libsvm").toString(),
                out + "/libsvm",
                LibSvmOptions.of(LabelKind.CLASSIFICATION),
                OPTIONS)
            .manifest());
    record(
        "tfrecord",
        on,
        TfRecordIngest.ingest(
                spark,
                folder.resolve("tfrecord").toString(),
                out + "/tfrecord",
                TfRecordOptions.of(
                    TfRecordOptions.Numbers.features("x", List.of(2)),
                    new TfRecordOptions.Classes("y", List.of("a", "b", "c"))),
                OPTIONS)
            .manifest());
  }

  private static void record(String kind, String on, DatasetManifest written) {
    WRITTEN.computeIfAbsent(kind, k -> new TreeMap<>()).put(on, written);
  }

  @Test
  void everyDatasetIsTheSameOnEverySpark() {
    WRITTEN.forEach(
        (kind, written) -> {
          DatasetManifest first = written.get("one slot");
          assertEquals(2, written.size(), kind);
          assertTrue(first.shards().size() >= 3, kind + ": " + first.shards().size());
          written.forEach((on, each) -> assertEquals(first, each, kind + " on " + on));
        });
  }
}
