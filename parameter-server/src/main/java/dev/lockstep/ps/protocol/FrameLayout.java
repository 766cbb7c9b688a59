package dev.lockstep.ps.protocol;

import dev.lockstep.ps.layout.ShardLayout;
import java.util.Objects;

/**
 * Cuts every parameter shard into frames, the unit of a message: {@link #FRAME} floats, the last
 * frame of a shard shorter. Frames start on chunk boundaries.
 *
 * @param shards the parameter shards
 */
public record FrameLayout(ShardLayout shards) {

  /** Floats of a full frame: 16 chunks, 256 KiB. */
  public static final int FRAME = 16 * ShardLayout.CHUNK;

  /** Checks that there is a layout. */
  public FrameLayout {
    Objects.requireNonNull(shards, "shards");
  }

  /** Number of frames of a shard; 0 if the shard is empty. */
  public int frames(int shard) {
    return (shards.end(shard) - shards.begin(shard) + FRAME - 1) / FRAME;
  }

  /** First element of θ in a frame. */
  public int begin(int shard, int frame) {
    return shards.begin(shard) + Objects.checkIndex(frame, frames(shard)) * FRAME;
  }

  /** First element of θ after a frame. */
  public int end(int shard, int frame) {
    return Math.min(begin(shard, frame) + FRAME, shards.end(shard));
  }

  /** The first shard that has a frame: its frame 0 keeps the outcomes of steps. */
  public int keeperOfOutcomes() {
    int shard = 0;
    while (frames(shard) == 0) {
      shard++;
    }
    return shard;
  }
}
