package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.plan.SplitSpec.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SplitAssignmentTest {

  private static final List<Split> SPLITS = List.of(Split.TRAINING, Split.VALIDATION, Split.TEST);

  /** Assigns every counted example; the classes of a shard come in a seeded order. */
  private static long[][] assigned(SplitSpec splitSpec, long[][] counts) {
    SplitAssignment assignment = splitSpec.assign(counts);
    long[][] totals = new long[counts[0].length][SPLITS.size()];
    for (int s = 0; s < counts.length; s++) {
      SplitAssignment.ShardAssigner assigner = assignment.assigner(s);
      for (int each : order(counts[s], s)) {
        totals[each][SPLITS.indexOf(assigner.next(each))]++;
      }
      assertThrows(IllegalStateException.class, () -> assigner.next(0));
    }
    return totals;
  }

  private static int[] order(long[] counts, long seed) {
    int[] classes = new int[(int) Arrays.stream(counts).sum()];
    int at = 0;
    for (int c = 0; c < counts.length; c++) {
      Arrays.fill(classes, at, at += (int) counts[c], c);
    }
    Random random = new Random(seed);
    for (int i = classes.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = classes[i];
      classes[i] = classes[j];
      classes[j] = swapped;
    }
    return classes;
  }

  @ParameterizedTest
  @EnumSource(Method.class)
  void eachPartGetsItsRoundedShareOfEveryClass(Method method) {
    Random random = new Random(5);
    for (int round = 0; round < 40; round++) {
      int classes = method == Method.STRATIFIED ? 1 + random.nextInt(4) : 1;
      long[][] counts = new long[1 + random.nextInt(8)][classes];
      for (long[] shard : counts) {
        for (int c = 0; c < classes; c++) {
          shard[c] = random.nextInt(60);
        }
      }
      Arrays.fill(counts[0], 50);
      SplitSpec splitSpec = new SplitSpec(round, 0.15, 0.1, method);
      long[][] totals = assigned(splitSpec, counts);
      for (int c = 0; c < classes; c++) {
        long n = Arrays.stream(totals[c]).sum();
        long held = Math.round(0.25 * n);
        long test = Math.round(0.1 / 0.25 * held);
        assertArrayEquals(
            new long[] {n - held, held - test, test}, totals[c], "class " + c + " of " + n);
      }
    }
  }

  @Test
  void theLastExamplesAreHeldOutInOrderOfTime() {
    SplitAssignment assignment =
        new SplitSpec(1, 0.2, 0.3, Method.CHRONOLOGICAL).assign(new long[][] {{4}, {3}, {3}});
    StringBuilder splits = new StringBuilder();
    for (int s = 0; s < 3; s++) {
      SplitAssignment.ShardAssigner assigner = assignment.assigner(s);
      for (int i = 0; i < (s == 0 ? 4 : 3); i++) {
        splits.append(SPLITS.indexOf(assigner.next(0)));
      }
    }
    assertEquals("0000011222", splits.toString());
  }

  @Test
  void everyPlaceIsEquallyLikely() {
    int[] chosen = new int[10];
    for (int seed = 0; seed < 5_000; seed++) {
      SplitAssignment.ShardAssigner assigner =
          new SplitSpec(seed, 0.2, 0, Method.RANDOM).assign(new long[][] {{10}}).assigner(0);
      for (int i = 0; i < chosen.length; i++) {
        chosen[i] += assigner.next(0) == Split.VALIDATION ? 1 : 0;
      }
    }
    for (int each : chosen) {
      assertEquals(1_000, each, 120, Arrays.toString(chosen)); // 4 standard deviations
    }
  }

  /** The choice is frozen: datasets with the same seed must keep their split. */
  @Test
  void theChoiceIsFrozen() {
    SplitAssignment.ShardAssigner assigner =
        new SplitSpec(42, 0.25, 0.25, Method.RANDOM).assign(new long[][] {{16}}).assigner(0);
    StringBuilder splits = new StringBuilder();
    for (int i = 0; i < 16; i++) {
      splits.append(SPLITS.indexOf(assigner.next(0)));
    }
    assertEquals("0102020010100212", splits.toString());
  }

  @Test
  void refusesAPartThatWouldBeEmpty() {
    assertEquals(
        "validation=0.01 and test=0.0 of 20 examples leave none for validation: change the"
            + " fractions, or use more data",
        assertThrows(
                IllegalArgumentException.class,
                () -> new SplitSpec(1, 0.01, 0, Method.RANDOM).assign(new long[][] {{20}}))
            .getMessage());
    assertTrue(
        assertThrows(
                IllegalArgumentException.class, () -> new SplitSpec(1, 0.5, 0.5, Method.RANDOM))
            .getMessage()
            .startsWith("validation=0.5 and test=0.5 must be >= 0 and together < 1"));
  }
}
