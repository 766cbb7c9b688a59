package dev.lockstep.sharding;

import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * One file of a sharded dataset. Crosses from driver to executors.
 *
 * @param file path relative to the dataset's location, with {@code /} between folders
 * @param bytes length of the file
 * @param crc32c CRC32C of the whole file
 * @param blocks its blocks in file order, at least one
 * @param split what its examples are for, where the dataset was split when it was written; else
 *     {@link Split#TRAINING}
 */
public record DataShard(String file, long bytes, int crc32c, List<DataBlock> blocks, Split split)
    implements Serializable {

  /** A shard of a dataset without a stored split. */
  public DataShard(String file, long bytes, int crc32c, List<DataBlock> blocks) {
    this(file, bytes, crc32c, blocks, Split.TRAINING);
  }

  /** Checks that the blocks lie one after the other inside a file below the location. */
  public DataShard {
    blocks = List.copyOf(blocks);
    Objects.requireNonNull(split, "split");
    if (file == null || file.isBlank()) {
      throw new IllegalArgumentException("data shard without a file name");
    }
    if (file.startsWith("/") || file.contains(":") || List.of(file.split("/")).contains("..")) {
      throw new IllegalArgumentException(
          "data shard file=" + file + " must be a path below the dataset's location");
    }
    if (blocks.isEmpty()) {
      throw new IllegalArgumentException("data shard " + file + " has no blocks");
    }
    long end = 0;
    for (int i = 0; i < blocks.size(); i++) {
      DataBlock block = blocks.get(i);
      if (block.offset() < end) {
        throw new IllegalArgumentException(
            "data shard %s: block %d offset=%d < end=%d of the block before"
                .formatted(file, i, block.offset(), end));
      }
      end = block.end();
    }
    if (end > bytes) {
      throw new IllegalArgumentException(
          "data shard %s: blocks end at byte %d > bytes=%d".formatted(file, end, bytes));
    }
  }

  /** Number of examples in the file. */
  public long examples() {
    return blocks.stream().mapToLong(DataBlock::examples).sum();
  }

  /** The same shard for another split. */
  public DataShard forSplit(Split other) {
    return new DataShard(file, bytes, crc32c, blocks, other);
  }

  /** The same shard under another name. */
  public DataShard renamed(String newFile) {
    return new DataShard(newFile, bytes, crc32c, blocks, split);
  }
}
