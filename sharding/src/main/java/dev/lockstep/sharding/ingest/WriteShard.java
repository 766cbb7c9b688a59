package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.util.SerializableConfiguration;

/** The task that writes one partition as one data shard. Lives in an executor. */
final class WriteShard implements Function2<Integer, Iterator<Example>, Iterator<byte[]>> {

  private static final long serialVersionUID = 1;

  private final String folder;
  private final ArrayList<TensorSpec> tensors;
  private final int blockExamples;
  private final long shardExamples;
  private final SerializableConfiguration conf;

  WriteShard(
      String folder,
      List<TensorSpec> tensors,
      ShardingOptions options,
      SerializableConfiguration conf) {
    this.folder = folder;
    this.tensors = new ArrayList<>(tensors);
    this.blockExamples = options.blockExamplesFor(tensors);
    this.shardExamples = options.shardExamplesFor(tensors);
    this.conf = conf;
  }

  @Override
  public Iterator<byte[]> call(Integer shard, Iterator<Example> examples) throws IOException {
    return List.of(write(shard, examples).toBytes()).iterator();
  }

  private ShardResult write(int shard, Iterator<Example> examples) throws IOException {
    Path file = new Path(folder, Staging.attemptFile(shard, TaskContext.get().taskAttemptId()));
    FileSystem files = file.getFileSystem(conf.value());
    long example = shard * shardExamples;
    try {
      if (!examples.hasNext()) {
        return ShardResult.nothing();
      }
      try (ShardWriter writer = new ShardWriter(files, file, tensors, blockExamples)) {
        for (; examples.hasNext(); example++) {
          writer.add(examples.next());
        }
        return ShardResult.written(writer.finish());
      }
    } catch (IllegalArgumentException e) {
      return ShardResult.problem("example %d: %s".formatted(example, e.getMessage()));
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof InvalidDataException invalid) {
        return ShardResult.problem(invalid.getMessage());
      }
      throw e.getCause();
    }
  }
}
