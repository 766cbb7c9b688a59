package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.plan.Split;
import java.util.ArrayList;
import java.util.List;

/**
 * A data shard as the manifest stores it: its blocks by column, since there may be many, and
 * checksums as hexadecimal digits.
 */
record ShardColumns(String file, long bytes, String crc32c, Split split, Blocks blocks) {

  /** One value per block in each list. */
  record Blocks(
      List<Integer> examples, List<Long> offset, List<Integer> length, List<String> crc32c) {}

  static ShardColumns of(DataShard shard) {
    List<DataBlock> blocks = shard.blocks();
    return new ShardColumns(
        shard.file(),
        shard.bytes(),
        Checksum.hex(shard.crc32c()),
        shard.split(),
        new Blocks(
            blocks.stream().map(DataBlock::examples).toList(),
            blocks.stream().map(DataBlock::offset).toList(),
            blocks.stream().map(DataBlock::length).toList(),
            blocks.stream().map(block -> Checksum.hex(block.crc32c())).toList()));
  }

  DataShard shard() {
    int n = blocks.examples().size();
    if (blocks.offset().size() != n || blocks.length().size() != n || blocks.crc32c().size() != n) {
      throw new IllegalArgumentException(
          "data shard %s: the columns of its blocks differ in length".formatted(file));
    }
    List<DataBlock> each = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      each.add(
          new DataBlock(
              blocks.examples().get(i),
              blocks.offset().get(i),
              blocks.length().get(i),
              Checksum.parse(blocks.crc32c().get(i))));
    }
    return new DataShard(file, bytes, Checksum.parse(crc32c), each, split);
  }
}
