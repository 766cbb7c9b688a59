package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.plan.EpochPlan.Place;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EpochPlanTest {

  private static final int[] WORKERS = {1, 2, 3, 4, 7, 64};
  private static final int[] WINDOWS = {0, 1, 5, 64, 100_000};
  private static final List<Shuffle> SHUFFLES =
      Stream.concat(Arrays.stream(WINDOWS).mapToObj(Shuffle::within), Stream.of(Shuffle.FULL))
          .toList();

  static List<int[]> blockSizes() {
    Random random = new Random(5);
    List<int[]> sizes = new ArrayList<>();
    sizes.add(new int[] {1});
    sizes.add(new int[] {0, 3, 0, 0, 1, 0});
    sizes.add(new int[] {1000});
    sizes.add(new int[] {13, 13, 13, 13, 4});
    sizes.add(random.ints(40, 0, 50).toArray());
    sizes.add(random.ints(200, 1, 3).toArray());
    return sizes;
  }

  private static Place[] range(EpochPlan plan, int v) {
    return plan.places(v, 0, (int) plan.rangeLength(v));
  }

  @ParameterizedTest
  @MethodSource("blockSizes")
  void usesEachExampleExactlyOnce(int[] sizes) {
    int total = Arrays.stream(sizes).sum();
    for (int workers : WORKERS) {
      for (Shuffle shuffle : SHUFFLES) {
        for (int epoch = 0; epoch < 3; epoch++) {
          EpochPlan plan = EpochPlan.of(99, epoch, workers, sizes, shuffle);
          BitSet[] seen = new BitSet[sizes.length];
          Arrays.setAll(seen, b -> new BitSet());
          int used = 0;
          for (int v = 0; v < workers; v++) {
            for (Place place : range(plan, v)) {
              assertTrue(place.index() < sizes[place.block()]);
              assertTrue(!seen[place.block()].get(place.index()));
              seen[place.block()].set(place.index());
              used++;
            }
          }
          assertEquals(total, used);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("blockSizes")
  void spansDifferByAtMostOneAndTheFirstIsLongest(int[] sizes) {
    for (int workers : WORKERS) {
      EpochPlan plan = EpochPlan.of(1, 0, workers, sizes, Shuffle.within(8));
      long longest = plan.rangeLength(0);
      for (int v = 0; v < workers; v++) {
        assertTrue(longest - plan.rangeLength(v) <= 1 && plan.rangeLength(v) <= longest);
      }
      for (int batch = 1; batch < 40; batch += 6) {
        long steps = plan.steps(batch);
        assertEquals((longest + batch - 1) / batch, steps);
        for (int v = 0; v < workers; v++) {
          long used = 0;
          for (long step = 0; step < steps; step++) {
            used += plan.batchLength(v, step, batch);
          }
          assertEquals(plan.rangeLength(v), used);
          assertEquals(0, plan.batchLength(v, steps, batch));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("blockSizes")
  void anyPieceOfASpanIsThatPieceOfTheWhole(int[] sizes) {
    for (Shuffle shuffle : SHUFFLES) {
      EpochPlan plan = EpochPlan.of(4, 2, 3, sizes, shuffle);
      for (int v = 0; v < 3; v++) {
        Place[] whole = range(plan, v);
        for (int from = 0; from < whole.length; from += 1 + whole.length / 7) {
          int count = Math.min(10, whole.length - from);
          assertArrayEquals(
              Arrays.copyOfRange(whole, from, from + count), plan.places(v, from, count));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("blockSizes")
  void withoutAWindowTheOrderIsThatOfTheFile(int[] sizes) {
    EpochPlan plan = EpochPlan.of(4, 2, 3, sizes, Shuffle.NONE);
    List<Place> places = new ArrayList<>();
    for (int v = 0; v < 3; v++) {
      places.addAll(List.of(range(plan, v)));
    }
    List<Place> expected = new ArrayList<>();
    for (int block = 0; block < sizes.length; block++) {
      for (int index = 0; index < sizes[block]; index++) {
        expected.add(new Place(block, index));
      }
    }
    assertEquals(expected, places);
  }

  @Test
  void windowsShuffleInsideThemselvesOnly() {
    int[] sizes = {1000};
    EpochPlan plan = EpochPlan.of(4, 0, 1, sizes, Shuffle.within(64));
    Place[] range = range(plan, 0);
    boolean moved = false;
    for (int i = 0; i < range.length; i++) {
      assertEquals(i / 64, range[i].index() / 64);
      moved |= range[i].index() != i;
    }
    assertTrue(moved);
  }

  @Test
  void seedsAndEpochsAndVirtualWorkersDiffer() {
    int[] sizes = {50, 50, 50, 50};
    Place[] base = range(EpochPlan.of(1, 0, 2, sizes, Shuffle.within(32)), 0);
    assertNotEquals(
        List.of(base), List.of(range(EpochPlan.of(2, 0, 2, sizes, Shuffle.within(32)), 0)));
    assertNotEquals(
        List.of(base), List.of(range(EpochPlan.of(1, 1, 2, sizes, Shuffle.within(32)), 0)));
    EpochPlan plan = EpochPlan.of(1, 0, 2, sizes, Shuffle.within(32));
    assertTrue(!Arrays.equals(plan.windowOrder(0, 0), plan.windowOrder(1, 0)));
    assertTrue(!Arrays.equals(plan.windowOrder(0, 0), plan.windowOrder(0, 1)));
  }

  @Test
  void theOrderIsFrozen() {
    long hash = 0;
    for (int[] sizes : List.of(new int[] {13, 13, 13, 13, 4}, new int[] {0, 700, 3, 290})) {
      for (int window : WINDOWS) {
        EpochPlan plan = EpochPlan.of(-12345678901L, 3, 4, sizes, Shuffle.within(window));
        for (int v = 0; v < 4; v++) {
          for (Place place : range(plan, v)) {
            hash = Seeds.mix(hash, place.block(), place.index());
          }
        }
      }
    }
    assertEquals("a95869438b5af95", Long.toHexString(hash));
  }

  @Test
  void theFullOrderIsFrozen() {
    long hash = 0;
    for (int[] sizes : List.of(new int[] {13, 13, 13, 13, 4}, new int[] {0, 700, 3, 290})) {
      for (int epoch = 0; epoch < 3; epoch++) {
        EpochPlan plan = EpochPlan.of(-12345678901L, epoch, 4, sizes, Shuffle.FULL);
        for (int v = 0; v < 4; v++) {
          for (Place place : range(plan, v)) {
            hash = Seeds.mix(hash, place.block(), place.index());
          }
        }
      }
    }
    assertEquals("712891cdfba460e1", Long.toHexString(hash));
  }

  @ParameterizedTest
  @MethodSource("blockSizes")
  void aFullShuffleKnowsWhereItUsesEachExample(int[] sizes) {
    for (int workers : WORKERS) {
      EpochPlan plan = EpochPlan.of(3, 1, workers, sizes, Shuffle.FULL);
      long example = 0;
      for (int rank = 0; rank < plan.blocks(); rank++) {
        for (int index = 0; index < sizes[plan.block(rank)]; index++) {
          long position = plan.positionOf(example++);
          int v = plan.virtualWorkerAt(position);
          assertArrayEquals(
              new Place[] {new Place(plan.block(rank), index)},
              plan.places(v, position - plan.rangeStart(v), 1));
        }
      }
    }
  }

  @Test
  void aFullShuffleDoesNotDependOnVirtualWorkersOrBlocks() {
    List<Integer> whole = examples(EpochPlan.of(5, 1, 1, new int[] {1000}, Shuffle.FULL), 1000);
    for (int[] sizes : List.of(new int[] {1, 0, 999}, new int[] {250, 250, 250, 250})) {
      assertEquals(whole, examples(EpochPlan.of(5, 1, 7, sizes, Shuffle.FULL), sizes));
    }
    assertNotEquals(whole, examples(EpochPlan.of(6, 1, 1, new int[] {1000}, Shuffle.FULL), 1000));
    assertNotEquals(whole, examples(EpochPlan.of(5, 2, 1, new int[] {1000}, Shuffle.FULL), 1000));
  }

  /** Which examples are used, counted in the order of the file, in the order of the sequence. */
  private static List<Integer> examples(EpochPlan plan, int... sizes) {
    int[] first = new int[sizes.length];
    for (int block = 1; block < sizes.length; block++) {
      first[block] = first[block - 1] + sizes[block - 1];
    }
    List<Integer> used = new ArrayList<>();
    for (int v = 0; plan.examples() > used.size(); v++) {
      for (Place place : range(plan, v)) {
        used.add(first[place.block()] + place.index());
      }
    }
    return used;
  }

  @Test
  void millionsOfBlocksAreNoTrouble() {
    int[] sizes = new int[1_000_000];
    Arrays.fill(sizes, 4096);
    EpochPlan plan = EpochPlan.of(1, 0, 3, sizes, Shuffle.within(8192));
    assertEquals(4_096_000_000L, plan.examples());
    assertEquals(1_365_333_334L, plan.rangeLength(0));
    assertEquals(10, plan.places(2, plan.rangeLength(2) - 10, 10).length);
    EpochPlan full = EpochPlan.of(1, 0, 3, sizes, Shuffle.FULL);
    Place place = full.places(2, 7, 1)[0];
    assertEquals(full.rangeStart(2) + 7, full.positionOf(4096L * place.block() + place.index()));
  }

  @Test
  void rejectionsSayWhatIsWrong() {
    assertRefused(
        "epoch=0 virtualWorkers=0 must be >= 0 and >= 1",
        () -> EpochPlan.of(1, 0, 0, new int[] {1}, Shuffle.NONE));
    assertRefused(
        "blockSizes[1]=-2 < 0", () -> EpochPlan.of(1, 0, 1, new int[] {1, -2}, Shuffle.NONE));
    assertRefused(
        "shuffle=WINDOW window=-1: must be >= 1 with shuffle=WINDOW, and 0 without",
        () -> Shuffle.within(-1));
    assertRefused(
        "shuffle=FULL window=3: must be >= 1 with shuffle=WINDOW, and 0 without",
        () -> new Shuffle(Shuffle.Kind.FULL, 3));
    EpochPlan plan = EpochPlan.of(1, 0, 2, new int[] {9}, Shuffle.NONE);
    assertRefused("v=2 must be in [0, virtualWorkers=2)", () -> plan.rangeLength(2));
    assertRefused("batchSize=0 must be >= 1", () -> plan.steps(0));
    assertRefused("position=9 must be in [0, examples=9)", () -> plan.blockRankAt(9));
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> plan.windowOrder(0, 0));
    assertEquals("window=0: ranges of this shuffle have no windows", refused.getMessage());
    refused = assertThrows(IllegalStateException.class, () -> plan.positionOf(0));
    assertEquals("positions can be looked up in a full shuffle only", refused.getMessage());
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }
}
