package dev.lockstep.sharding.ingest;

import org.apache.spark.Partitioner;

/** Item i belongs to partition i / size: a function of its number alone. */
public final class FixedRanges extends Partitioner {

  private static final long serialVersionUID = 1;

  private final int shards;
  private final long size;

  public FixedRanges(int shards, long size) {
    this.shards = shards;
    this.size = size;
  }

  @Override
  public int numPartitions() {
    return shards;
  }

  @Override
  public int getPartition(Object number) {
    return (int) ((Long) number / size);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FixedRanges that && that.shards == shards && that.size == size;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(shards * 31L + size);
  }
}
