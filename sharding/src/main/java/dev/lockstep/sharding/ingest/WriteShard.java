package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.plan.SplitAssignment;
import dev.lockstep.sharding.prepare.CheckedExamples;
import dev.lockstep.sharding.prepare.ClassOf;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.ValueSums;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.util.SerializableConfiguration;

/** The task that writes one partition as data shards, one for each split. Lives in an executor. */
final class WriteShard implements Function2<Integer, Iterator<Example>, Iterator<byte[]>> {

  private static final long serialVersionUID = 1;

  private final String folder;
  private final ArrayList<TensorSpec> tensors;
  private final ShardingOptions options;

  /** Who gets which example, or null where all are for training. */
  private final SplitAssignment assignment;

  private final SerializableConfiguration conf;

  WriteShard(
      String folder,
      List<TensorSpec> tensors,
      ShardingOptions options,
      SplitAssignment assignment,
      SerializableConfiguration conf) {
    this.folder = folder;
    this.tensors = new ArrayList<>(tensors);
    this.options = options;
    this.assignment = assignment;
    this.conf = conf;
  }

  @Override
  public Iterator<byte[]> call(Integer shard, Iterator<Example> examples) throws IOException {
    long first = shard * options.shardExamplesFor(tensors);
    GoodItems<Example> good =
        new GoodItems<>(new CheckedExamples(examples, tensors, first), options.badData());
    byte[] result;
    try {
      result = JavaSerialization.toBytes(write(shard, good));
    } catch (InvalidDataException e) {
      result = JavaSerialization.toBytes(e.getMessage());
    }
    return List.of(result).iterator();
  }

  private ShardResult write(int shard, GoodItems<Example> examples) throws IOException {
    Map<Split, ShardWriter> writers = new EnumMap<>(Split.class);
    EnumMap<Split, ValueSums> sums = new EnumMap<>(Split.class);
    SplitAssignment.ShardAssigner assigner = assignment == null ? null : assignment.assigner(shard);
    ClassOf classOf = ClassOf.of(tensors, options.splitSpec());
    try {
      for (Example example = examples.next(); example != null; example = examples.next()) {
        Split split = assigner == null ? Split.TRAINING : assigner.next(classOf.of(example));
        ShardWriter writer = writers.get(split);
        if (writer == null) {
          writer = open(shard, split);
          writers.put(split, writer);
          sums.put(split, new ValueSums(tensors));
        }
        writer.add(example);
        sums.get(split).add(example);
      }
      if (assigner != null) {
        assigner.requireAllAssigned();
      }
      ArrayList<DataShard> shards = new ArrayList<>();
      for (Map.Entry<Split, ShardWriter> each : writers.entrySet()) {
        shards.add(each.getValue().finish().forSplit(each.getKey()));
      }
      return new ShardResult(shards, sums, examples.skipped(), examples.firstSkipped());
    } finally {
      for (ShardWriter writer : writers.values()) {
        writer.close();
      }
    }
  }

  private ShardWriter open(int shard, Split split) throws IOException {
    Path file =
        new Path(folder, Staging.attemptFile(shard, split, TaskContext.get().taskAttemptId()));
    FileSystem files = file.getFileSystem(conf.value());
    return new ShardWriter(
        files, file, tensors, options.blockExamplesFor(tensors), options.layout().compression());
  }
}
