package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardSet;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.MicroBatchStream.Item;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/**
 * How fast a stream is beside plain reads of the same blocks: {@code main} prints MB/s of float32
 * data (best of 5), from the page cache, 60,000 examples of 784 features and a class, batch 64.
 */
final class StreamBenchmark {

  private static final int EXAMPLES = 60_000;
  private static final int FEATURES = 784;
  private static final double MEGABYTES = (double) EXAMPLES * FEATURES * Float.BYTES / 1e6;
  private static final Configuration CONF = new Configuration();

  private StreamBenchmark() {}

  public static void main(String[] args) throws Exception {
    String location = Files.createTempDirectory("stream-benchmark").toString();
    try {
      Dataset dataset = write(location);
      System.out.printf("raw blocks            %8.0f MB/s%n", best(() -> raw(dataset)));
      System.out.printf(
          "checked and decoded   %8.0f MB/s%n", best(() -> Datasets.verify(dataset, CONF)));
      for (int window : new int[] {0, 1024, 8192}) {
        System.out.printf(
            "stream, window %5d  %8.0f MB/s%n", window, best(() -> stream(dataset, window)));
      }
    } finally {
      FileUtil.fullyDelete(new File(location));
    }
  }

  private static double best(Run run) throws Exception {
    double best = 0;
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      run.run();
      best = Math.max(best, MEGABYTES / ((System.nanoTime() - start) / 1e9));
    }
    return best;
  }

  private static void raw(Dataset dataset) throws IOException {
    FileSystem files = FileSystem.getLocal(CONF);
    byte[] bytes = new byte[1 << 22];
    for (DataShard shard : dataset.shardSet().shards()) {
      try (FSDataInputStream in = files.open(new Path(dataset.location(), shard.file()))) {
        for (DataBlock block : shard.blocks()) {
          in.readFully(block.offset(), bytes, 0, block.length());
        }
      }
    }
  }

  private static void stream(Dataset dataset, int window) throws Exception {
    Split split = Split.of(1, 0, dataset.shardSet().blockSizes());
    StreamRequest request =
        new StreamRequest(dataset, split, Part.TRAINING, 1, 4, 0, 4, 64, window, 0, 0, 1, 8);
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

  private static Dataset write(String location) throws IOException {
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
        Path file = new Path(staging.folder(), Staging.attemptFile(s, Part.TRAINING, 0));
        try (ShardWriter writer = new ShardWriter(file.getFileSystem(CONF), file, tensors, 167)) {
          for (int i = 0; i < EXAMPLES / 3; i++) {
            float[] features = new float[FEATURES];
            for (int f = 0; f < FEATURES; f++) {
              features[f] = random.nextFloat();
            }
            writer.add(Example.of(features, new float[] {i % 10}));
          }
          shards.add(writer.finish());
        }
      }
      return staging.commit(
          shards,
          named ->
              new ShardSet(
                  ShardSet.FORMAT_VERSION, "benchmark", tensors, Map.of(), named, Map.of()));
    }
  }

  /** What is timed. */
  private interface Run {
    void run() throws Exception;
  }
}
