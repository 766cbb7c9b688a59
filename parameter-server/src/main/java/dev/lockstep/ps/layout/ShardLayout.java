package dev.lockstep.ps.layout;

import java.io.Serializable;

/**
 * Which range of θ each server owns.
 *
 * <p>θ is cut into chunks of {@value #CHUNK} floats (the last may be shorter), and shard s gets the
 * chunks {@code [s * chunks / shards, (s + 1) * chunks / shards)}: sizes differ by at most one
 * chunk, and a shard is empty when there are more shards than chunks. Integer arithmetic only;
 * frozen once released. Crosses from driver to executors.
 *
 * @param parameters length P of θ, at least 1
 * @param shards number of servers, at least 1
 */
public record ShardLayout(int parameters, int shards) implements Serializable {

  /** Floats in a chunk: the unit in which θ is cut, sent and summed into norms. */
  public static final int CHUNK = 4096;

  /** Checks the counts. */
  public ShardLayout {
    if (parameters < 1 || shards < 1) {
      throw new IllegalArgumentException(
          "parameters=%d and shards=%d must be >= 1".formatted(parameters, shards));
    }
  }

  /** Number of chunks in θ. */
  public int chunks() {
    return chunks(parameters);
  }

  /** First element of a shard. */
  public int begin(int shard) {
    checkShard(shard);
    return boundary(shard);
  }

  /** First element after a shard; equals {@link #begin} where the shard is empty. */
  public int end(int shard) {
    checkShard(shard);
    return boundary(shard + 1);
  }

  /** The shard that owns an element of θ. */
  public int shardOf(int element) {
    if (element < 0 || element >= parameters) {
      throw new IndexOutOfBoundsException(
          "element=%d is not in [0, parameters=%d)".formatted(element, parameters));
    }
    // The largest s with s * chunks / shards <= chunk, that is s * chunks < (chunk + 1) * shards.
    long chunk = element / CHUNK;
    return (int) (((chunk + 1) * shards - 1) / chunks());
  }

  /** Number of chunks that a vector of so many parameters has. */
  public static int chunks(int parameters) {
    return (int) (((long) parameters + CHUNK - 1) / CHUNK);
  }

  private int boundary(int shard) {
    long chunk = (long) shard * chunks() / shards;
    return (int) Math.min(parameters, chunk * CHUNK);
  }

  private void checkShard(int shard) {
    if (shard < 0 || shard >= shards) {
      throw new IndexOutOfBoundsException(
          "shard=%d is not in [0, shards=%d)".formatted(shard, shards));
    }
  }
}
