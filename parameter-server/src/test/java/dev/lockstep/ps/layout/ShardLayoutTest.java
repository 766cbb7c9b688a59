package dev.lockstep.ps.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ShardLayoutTest {

  private static final int[] SIZES = {
    1, 4095, 4096, 4097, 8192, 12_289, 40_960, 235_146, 1_000_003, Integer.MAX_VALUE
  };

  @Test
  void shardsCoverTheVectorInOrder() {
    for (int parameters : SIZES) {
      for (int shards = 1; shards <= 17; shards++) {
        ShardLayout layout = new ShardLayout(parameters, shards);
        int expected = 0;
        for (int shard = 0; shard < shards; shard++) {
          assertEquals(expected, layout.begin(shard));
          expected = layout.end(shard);
        }
        assertEquals(parameters, expected);
      }
    }
  }

  @Test
  void boundariesFallOnChunks() {
    for (int parameters : SIZES) {
      for (int shards = 1; shards <= 17; shards++) {
        ShardLayout layout = new ShardLayout(parameters, shards);
        for (int shard = 0; shard < shards - 1; shard++) {
          int end = layout.end(shard);
          assertTrue(end % ShardLayout.CHUNK == 0 || end == parameters);
        }
      }
    }
  }

  @Test
  void shardsDifferByAtMostOneChunk() {
    for (int parameters : SIZES) {
      for (int shards = 1; shards <= 17; shards++) {
        ShardLayout layout = new ShardLayout(parameters, shards);
        int least = Integer.MAX_VALUE;
        int most = 0;
        for (int shard = 0; shard < shards; shard++) {
          int chunks = ShardLayout.chunks(layout.end(shard) - layout.begin(shard));
          least = Math.min(least, chunks);
          most = Math.max(most, chunks);
        }
        assertTrue(most - least <= 1, () -> layout.toString());
      }
    }
  }

  @Test
  void everyElementHasTheShardThatHoldsIt() {
    for (int parameters : SIZES) {
      for (int shards = 1; shards <= 17; shards++) {
        ShardLayout layout = new ShardLayout(parameters, shards);
        for (int shard = 0; shard < shards; shard++) {
          if (layout.begin(shard) < layout.end(shard)) {
            assertEquals(shard, layout.shardOf(layout.begin(shard)));
            assertEquals(shard, layout.shardOf(layout.end(shard) - 1));
          }
        }
      }
    }
  }

  @Test
  void moreShardsThanChunksLeaveSomeEmpty() {
    ShardLayout layout = new ShardLayout(5000, 3);
    assertEquals(0, layout.end(0));
    assertEquals(4096, layout.end(1));
    assertEquals(5000, layout.end(2));
  }

  /** Frozen: checkpoints of parameter shards depend on it. */
  @Test
  void boundariesAreTheReleasedOnes() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (int parameters : SIZES) {
      for (int shards = 1; shards <= 17; shards++) {
        ShardLayout layout = new ShardLayout(parameters, shards);
        for (int shard = 0; shard < shards; shard++) {
          digest.update(ByteBuffer.allocate(4).putInt(0, layout.end(shard)));
        }
      }
    }
    assertEquals(
        "2dc0be274f9dad2f24cfba5a1b2962befadda445e325ec28bcb27b492d396f33",
        HexFormat.of().formatHex(digest.digest()));
  }

  @Test
  void refusesWhatIsNotThere() {
    assertEquals(
        "parameters=0 and shards=1 must be >= 1",
        assertThrows(IllegalArgumentException.class, () -> new ShardLayout(0, 1)).getMessage());
    assertEquals(
        "parameters=1 and shards=0 must be >= 1",
        assertThrows(IllegalArgumentException.class, () -> new ShardLayout(1, 0)).getMessage());
    ShardLayout layout = new ShardLayout(10, 2);
    assertEquals(
        "shard=2 is not in [0, shards=2)",
        assertThrows(IndexOutOfBoundsException.class, () -> layout.begin(2)).getMessage());
    assertEquals(
        "element=10 is not in [0, parameters=10)",
        assertThrows(IndexOutOfBoundsException.class, () -> layout.shardOf(10)).getMessage());
  }
}
