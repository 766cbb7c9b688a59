package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeistelPermutationTest {

  @Test
  void permutesEveryRangeAndUndoesIt() {
    for (int size = 0; size < 300; size++) {
      for (long key = -1; key < 3; key++) {
        FeistelPermutation order = new FeistelPermutation(size, key);
        BitSet seen = new BitSet();
        for (int i = 0; i < size; i++) {
          long value = order.at(i);
          assertTrue(value >= 0 && value < size);
          assertEquals(i, order.indexOf(value));
          seen.set((int) value);
        }
        assertEquals(size, seen.cardinality());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 31, (1L << 32) + 1, 1_000_000_000_039L, 1L << 62})
  void undoesItInRangesThatNoTableHolds(long size) {
    FeistelPermutation order = new FeistelPermutation(size, 5);
    for (long i = 0; i < 1_000; i++) {
      long index = i * (size / 1_000);
      long value = order.at(index);
      assertTrue(value >= 0 && value < size);
      assertEquals(index, order.indexOf(value));
    }
  }

  /** Chi-square over all orders of a few values: mean (orders - 1), variance twice that. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6})
  void allOrdersOfAFewValuesAreEquallyLikely(int size) {
    int keys = 60_000;
    Map<Long, Integer> counts = new HashMap<>();
    for (int key = 0; key < keys; key++) {
      FeistelPermutation order = new FeistelPermutation(size, Seeds.mix(11, key));
      long code = 0;
      for (int i = 0; i < size; i++) {
        code = code * size + order.at(i);
      }
      counts.merge(code, 1, Integer::sum);
    }
    int orders = 1;
    for (int i = 2; i <= size; i++) {
      orders *= i;
    }
    assertEquals(orders, counts.size());
    double expected = keys / (double) orders;
    double chiSquare =
        counts.values().stream().mapToDouble(n -> (n - expected) * (n - expected)).sum() / expected;
    double deviations = (chiSquare - (orders - 1)) / Math.sqrt(2.0 * (orders - 1));
    assertTrue(deviations < 4, "chi-square " + chiSquare + " of " + (orders - 1));
  }

  /** Chi-square of where two neighbors land in a grid of 16 by 16 parts of the range. */
  @ParameterizedTest
  @ValueSource(longs = {1_008, 65_536, 65_537, 1L << 40})
  void neighborsLandIndependentlyOfEachOther(long size) {
    int cells = 16;
    int pairs = 40_000;
    int[] counts = new int[cells * cells];
    for (int i = 0; i < pairs; i++) {
      FeistelPermutation order = new FeistelPermutation(size, Seeds.mix(12, i));
      long at = i % (size - 1);
      long one = order.at(at) / ((size + cells - 1) / cells);
      long two = order.at(at + 1) / ((size + cells - 1) / cells);
      counts[(int) (one * cells + two)]++;
    }
    double expected = pairs / (double) counts.length;
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += (count - expected) * (count - expected) / expected;
    }
    double free = counts.length - 1;
    assertTrue(chiSquare < free + 4 * Math.sqrt(2 * free), "chi-square " + chiSquare);
  }

  @Test
  void whatIsOutsideOfTheRangeIsRefused() {
    FeistelPermutation order = new FeistelPermutation(10, 1);
    assertEquals(
        "10 must be in [0, size=10)",
        assertThrows(IllegalArgumentException.class, () -> order.at(10)).getMessage());
    assertEquals(
        "-1 must be in [0, size=10)",
        assertThrows(IllegalArgumentException.class, () -> order.indexOf(-1)).getMessage());
    assertEquals(
        "size=-1 must be in [0, 2^62]",
        assertThrows(IllegalArgumentException.class, () -> new FeistelPermutation(-1, 1))
            .getMessage());
  }
}
