package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.SplitSpec;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * How any kind of data becomes data shards.
 *
 * @param name of the dataset, for people
 * @param ifExists what to do when the location holds a dataset
 * @param layout sizes and compression of the data shards
 * @param splitSpec how examples are assigned to training, validation and test; each split has data
 *     shards of its own
 * @param badData what becomes of an example that cannot be read
 * @param source identifies the data and how they were read, for example a {@link
 *     SourceFingerprint}; stored in the manifest's provenance; "" for none
 */
public record ShardingOptions(
    String name,
    IfExists ifExists,
    Layout layout,
    SplitSpec splitSpec,
    BadData badData,
    String source)
    implements Serializable {

  /** Value of {@code blockExamples} that chooses by the size of an example. */
  public static final int CHOOSE = 0;

  private static final int BLOCK_BYTES = 512 * 1024;
  private static final int MAX_BLOCK_EXAMPLES = 1024;
  private static final long DEFAULT_SHARD_BYTES = 64L << 20;

  /** Checks the ranges. */
  public ShardingOptions {
    Objects.requireNonNull(ifExists, "ifExists");
    Objects.requireNonNull(layout, "layout");
    Objects.requireNonNull(splitSpec, "splitSpec");
    Objects.requireNonNull(badData, "badData");
    Objects.requireNonNull(source, "source");
    if (name == null || name.isBlank()) {
      throw new IllegalArgumentException("dataset name is blank");
    }
  }

  /**
   * Sizes and compression of data shards.
   *
   * @param blockExamples examples of a block, the unit of reading and of coarse shuffling; {@link
   *     #CHOOSE} takes what fills {@value #BLOCK_BYTES} bytes, at most {@value #MAX_BLOCK_EXAMPLES}
   * @param shardBytes wanted size of a data shard, before compression. For text, of the text that
   *     goes into one
   * @param compression of the blocks
   */
  public record Layout(int blockExamples, long shardBytes, ShardCompression compression)
      implements Serializable {

    /** Checks the ranges. */
    public Layout {
      Objects.requireNonNull(compression, "compression");
      if (blockExamples < 0 || shardBytes < 1) {
        throw new IllegalArgumentException(
            "blockExamples=%d shardBytes=%d must be >= 0 and >= 1"
                .formatted(blockExamples, shardBytes));
      }
    }
  }

  /**
   * The defaults: refuse to overwrite, blocks chosen by size, shards of 64 MiB, no compression,
   * everything for training, and bad data end the job.
   */
  public static ShardingOptions named(String name) {
    return new ShardingOptions(
        name,
        IfExists.REFUSE,
        new Layout(CHOOSE, DEFAULT_SHARD_BYTES, ShardCompression.NONE),
        SplitSpec.NONE,
        BadData.FAIL,
        "");
  }

  /** The same with another answer to an existing dataset. */
  public ShardingOptions ifExists(IfExists other) {
    return new ShardingOptions(name, other, layout, splitSpec, badData, source);
  }

  /** The same with another block size. */
  public ShardingOptions blockExamples(int other) {
    return layout(new Layout(other, layout.shardBytes(), layout.compression()));
  }

  /** The same with another shard size. */
  public ShardingOptions shardBytes(long other) {
    return layout(new Layout(layout.blockExamples(), other, layout.compression()));
  }

  /** The same with another compression. */
  public ShardingOptions compression(ShardCompression other) {
    return layout(new Layout(layout.blockExamples(), layout.shardBytes(), other));
  }

  private ShardingOptions layout(Layout other) {
    return new ShardingOptions(name, ifExists, other, splitSpec, badData, source);
  }

  /** The same with another split. */
  public ShardingOptions splitSpec(SplitSpec other) {
    return new ShardingOptions(name, ifExists, layout, other, badData, source);
  }

  /** The same with another answer to bad data. */
  public ShardingOptions badData(BadData other) {
    return new ShardingOptions(name, ifExists, layout, splitSpec, other, source);
  }

  /** The same with another fingerprint of the source. */
  public ShardingOptions source(String other) {
    return new ShardingOptions(name, ifExists, layout, splitSpec, badData, other);
  }

  /** Examples of a block for these tensors. */
  public int blockExamplesFor(List<TensorSpec> tensors) {
    return layout.blockExamples() != CHOOSE
        ? layout.blockExamples()
        : (int) Math.max(1, Math.min(MAX_BLOCK_EXAMPLES, BLOCK_BYTES / exampleBytes(tensors)));
  }

  /** Examples of a shard for these tensors: whole blocks, at least one. */
  public long shardExamplesFor(List<TensorSpec> tensors) {
    int block = blockExamplesFor(tensors);
    return Math.max(1, layout.shardBytes() / exampleBytes(tensors) / block) * block;
  }

  private static long exampleBytes(List<TensorSpec> tensors) {
    return Float.BYTES * tensors.stream().mapToLong(TensorSpec::storedValues).sum();
  }
}
