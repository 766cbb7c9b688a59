package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeedsTest {

  /** First outputs of SplitMix64 seeded with 1234567, as published with Rosetta Code's task. */
  @Test
  void theGeneratorIsSplitMix64() {
    SplitMix64 random = new SplitMix64(1234567);
    assertEquals("6457827717110365317", Long.toUnsignedString(random.next()));
    assertEquals("3203168211198807973", Long.toUnsignedString(random.next()));
    assertEquals("9817491932198370423", Long.toUnsignedString(random.next()));
  }

  @Test
  void neighboringSeedsStepsAndWorkersAllDiffer() {
    Set<Long> seen = new HashSet<>();
    for (long seed = 0; seed < 10; seed++) {
      for (long step = 0; step < 100; step++) {
        for (long v = 0; v < 20; v++) {
          assertTrue(seen.add(Seeds.mix(seed, step, v)));
        }
      }
    }
    assertNotEquals(Seeds.mix(1, 2), Seeds.mix(2, 1));
    assertNotEquals(Seeds.mix(0), Seeds.mix(0, 0));
    assertNotEquals(Seeds.mix(), Seeds.mix(0));
  }

  @Test
  void theHashIsFrozen() {
    assertEquals("cbb1131747f6af93", Long.toHexString(Seeds.mix(1, 2, 3)));
    assertEquals("7ee8be1b285050a3", Long.toHexString(Seeds.mix(-1)));
    assertEquals("0", Long.toHexString(Seeds.mix()));
  }

  @Test
  void drawsBelowABoundAreEven() {
    SplitMix64 random = new SplitMix64(8);
    int[] counts = new int[6];
    for (int i = 0; i < 60_000; i++) {
      counts[random.below(6)]++;
    }
    for (int count : counts) {
      assertTrue(Math.abs(count - 10_000) < 400, "count " + count);
    }
  }

  @Test
  void permutationsReachEveryOrder() {
    Set<String> orders = new HashSet<>();
    for (int key = 0; key < 500; key++) {
      orders.add(Arrays.toString(SplitMix64.permutation(4, key)));
    }
    assertEquals(24, orders.size());
  }
}
