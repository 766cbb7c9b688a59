package dev.lockstep.sharding.read;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.sharding.store.Staging;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/**
 * How fast a stream is beside plain reads of the same files: {@code main} prints MB/s of float32
 * data handed out (the best of several rounds; within a round, one after the other), from the page
 * cache and from the disk. 60,000 examples of 784 features, four of five of them zero as in
 * pictures of digits, and a class; micro-batches of 64. One thread reads, another only takes.
 *
 * <p>For a cold read the files are written back and {@code dd iflag=nocache count=0} drops them
 * from the page cache; what the disk itself keeps is not dropped.
 */
final class StreamBenchmark {

  private static final int EXAMPLES = 60_000;
  private static final int FEATURES = 784;
  private static final int ROUNDS = 5;
  private static final double MEGABYTES = (double) EXAMPLES * FEATURES * Float.BYTES / 1e6;
  private static final Configuration CONF = new Configuration();

  private StreamBenchmark() {}

  public static void main(String[] args) throws Exception {
    String location = Files.createTempDirectory("stream-benchmark").toString();
    try {
      Map<ShardCompression, ShardedDataset> datasets = new EnumMap<>(ShardCompression.class);
      for (ShardCompression compression : ShardCompression.values()) {
        ShardedDataset dataset = write(location + "/" + compression, compression);
        datasets.put(compression, dataset);
        System.out.printf(
            "%s: %.0f MB in files%n",
            compression,
            dataset.manifest().shards().stream().mapToLong(DataShard::bytes).sum() / 1e6);
      }
      Map<String, Double> best = new TreeMap<>();
      for (int round = 0; round < ROUNDS; round++) {
        for (Map.Entry<ShardCompression, ShardedDataset> each : datasets.entrySet()) {
          String name = each.getKey().toString();
          ShardedDataset dataset = each.getValue();
          keep(best, name + " 1 files, warm", () -> plain(dataset));
          keep(
              best,
              name + " 2 checked and decoded, warm",
              () -> ShardedDatasets.verify(dataset, CONF));
          for (int window : new int[] {0, 1024, 8192}) {
            keep(
                best,
                "%s 3 stream, window %4d, warm".formatted(name, window),
                () -> stream(dataset, window));
          }
          drop(dataset);
          keep(best, name + " 4 files, cold", () -> plain(dataset));
          drop(dataset);
          keep(best, name + " 5 stream, window 1024, cold", () -> stream(dataset, 1024));
        }
      }
      best.forEach((name, speed) -> System.out.printf("%-40s %8.0f MB/s%n", name, speed));
    } finally {
      FileUtil.fullyDelete(new File(location));
    }
  }

  private static void keep(Map<String, Double> best, String name, Run run) throws Exception {
    long start = System.nanoTime();
    run.run();
    best.merge(name, MEGABYTES / ((System.nanoTime() - start) / 1e9), Math::max);
  }

  private static List<java.nio.file.Path> files(ShardedDataset dataset) {
    java.nio.file.Path folder = java.nio.file.Path.of(URI.create(dataset.location()));
    return dataset.manifest().shards().stream().map(shard -> folder.resolve(shard.file())).toList();
  }

  /** The whole files, by plain Java. */
  private static void plain(ShardedDataset dataset) throws IOException {
    byte[] bytes = new byte[1 << 19];
    for (java.nio.file.Path file : files(dataset)) {
      try (InputStream in = Files.newInputStream(file)) {
        while (in.read(bytes) >= 0) {
          // Only read.
        }
      }
    }
  }

  private static void drop(ShardedDataset dataset) throws IOException, InterruptedException {
    for (java.nio.file.Path file : files(dataset)) {
      for (String[] command :
          new String[][] {
            {"sync", file.toString()}, {"dd", "if=" + file, "iflag=nocache", "count=0"}
          }) {
        Process process =
            new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
          throw new IOException(String.join(" ", command) + " failed");
        }
      }
    }
  }

  private static void stream(ShardedDataset dataset, int window) throws Exception {
    Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(holdout, Split.TRAINING),
            new Order(1, Shuffle.within(window)),
            Workers.all(4),
            64,
            EpochRange.only(0),
            Reading.ahead(8));
    long examples = 0;
    try (MicroBatchStream stream = new MicroBatchStream(request, CONF)) {
      for (Item item = stream.next(); item != null; item = stream.next()) {
        examples += item.batch().examples();
      }
    }
    if (examples != EXAMPLES) {
      throw new IllegalStateException("read " + examples);
    }
  }

  private static ShardedDataset write(String location, ShardCompression compression)
      throws IOException {
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(
                "features",
                TensorSpec.Role.FEATURES,
                TensorSpec.Encoding.FLOAT32,
                List.of(FEATURES)),
            new TensorSpec(
                "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(10)));
    Random random = new Random(1);
    try (Staging staging = Staging.begin(location, CONF, IfExists.REFUSE)) {
      List<DataShard> shards = new ArrayList<>();
      for (int s = 0; s < 3; s++) {
        Path file = new Path(staging.folder(), Staging.attemptFile(s, Split.TRAINING, 0));
        try (ShardWriter writer =
            new ShardWriter(file.getFileSystem(CONF), file, tensors, 167, compression)) {
          for (int i = 0; i < EXAMPLES / 3; i++) {
            float[] features = new float[FEATURES];
            for (int f = 0; f < FEATURES; f++) {
              if (f / 28 % 5 == i % 5) {
                features[f] = random.nextInt(256) / 255f;
              }
            }
            writer.add(Example.of(features, new float[] {i % 10}));
          }
          shards.add(writer.finish());
        }
      }
      return staging.commit(
          shards, named -> new DatasetManifest("benchmark", tensors, Map.of(), named, Map.of()));
    }
  }

  /** What is timed. */
  private interface Run {
    void run() throws Exception;
  }
}
