package dev.lockstep.sharding.read;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Datasets for tests: example i has features (i, 2i, -i/4) and class i mod 5. */
public final class SampleData {

  public static final int CLASSES = 5;

  public static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec(
              "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(3)),
          new TensorSpec(
              "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(CLASSES)));

  private SampleData() {}

  public static Example example(int i) {
    return Example.of(new float[] {i, 2 * i, -i / 4f}, new float[] {i % CLASSES});
  }

  public static ShardedDataset write(
      String location, Configuration conf, int examples, int shardExamples, int blockExamples)
      throws IOException {
    return write(location, conf, examples, shardExamples, blockExamples, staging -> {});
  }

  public static ShardedDataset replace(
      String location, Configuration conf, int examples, int shardExamples, int blockExamples)
      throws IOException {
    try (Staging staging = Staging.begin(location, conf, IfExists.REPLACE)) {
      return write(
          staging,
          conf,
          examples,
          shardExamples,
          blockExamples,
          ShardCompression.NONE,
          folder -> {});
    }
  }

  public static ShardedDataset write(
      String location,
      Configuration conf,
      int examples,
      int shardExamples,
      int blockExamples,
      ShardCompression compression)
      throws IOException {
    try (Staging staging = Staging.begin(location, conf, IfExists.REFUSE)) {
      return write(
          staging, conf, examples, shardExamples, blockExamples, compression, folder -> {});
    }
  }

  public static ShardedDataset write(
      String location,
      Configuration conf,
      int examples,
      int shardExamples,
      int blockExamples,
      BeforeCommit beforeCommit)
      throws IOException {
    try (Staging staging = Staging.begin(location, conf, IfExists.REFUSE)) {
      return write(
          staging,
          conf,
          examples,
          shardExamples,
          blockExamples,
          ShardCompression.NONE,
          beforeCommit);
    }
  }

  /** Writes with a file system of the test's own, in the way of {@code staging}. */
  public static ShardedDataset write(Staging staging, FileSystem files, int examples)
      throws IOException {
    return write(staging, files, examples, 20, 8, ShardCompression.NONE, folder -> {});
  }

  private static ShardedDataset write(
      Staging staging,
      Configuration conf,
      int examples,
      int shardExamples,
      int blockExamples,
      ShardCompression compression,
      BeforeCommit beforeCommit)
      throws IOException {
    FileSystem files = new Path(staging.folder()).getFileSystem(conf);
    return write(staging, files, examples, shardExamples, blockExamples, compression, beforeCommit);
  }

  private static ShardedDataset write(
      Staging staging,
      FileSystem files,
      int examples,
      int shardExamples,
      int blockExamples,
      ShardCompression compression,
      BeforeCommit beforeCommit)
      throws IOException {
    Path folder = new Path(staging.folder());
    List<DataShard> shards = new ArrayList<>();
    for (int from = 0; from < examples; from += shardExamples) {
      Path file = new Path(folder, Staging.attemptFile(shards.size(), Split.TRAINING, 0));
      try (ShardWriter writer = new ShardWriter(files, file, TENSORS, blockExamples, compression)) {
        for (int i = from; i < Math.min(examples, from + shardExamples); i++) {
          writer.add(example(i));
        }
        shards.add(writer.finish());
      }
    }
    beforeCommit.run(staging.folder());
    return staging.commit(shards, SampleData::manifest);
  }

  /** Something to do in the staging folder. */
  public interface BeforeCommit {
    void run(String folder) throws IOException;
  }

  /** The same file with other blocks. */
  public static DataShard withBlocks(DataShard shard, List<DataBlock> blocks) {
    return new DataShard(shard.file(), shard.bytes(), shard.crc32c(), blocks, shard.split());
  }

  public static DatasetManifest manifest(List<DataShard> shards) {
    return new DatasetManifest(
        "sample",
        TENSORS,
        Map.of("labels", List.of("a", "b", "c", "d", "e")),
        shards,
        Map.of("source", "SampleData"));
  }
}
