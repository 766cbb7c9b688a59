package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How far orders are from a full shuffle, for a file that is sorted by label. */
class ShuffleQualityTest {

  @ParameterizedTest
  @CsvSource({"20000,167", "100000,167", "100000,1024", "99991,1000"})
  void aFullShuffleIsLikeDrawingAtRandom(int examples, int block) {
    ShuffleQuality full = ShuffleQuality.mean(examples, block, Shuffle.FULL, 5);
    assertEquals(1, full.dispersion(), 0.1);
    assertEquals(1, full.adjacency(), 0.3);
    assertEquals(0, full.correlation(), 0.02);
  }

  @Test
  void theOrderOfTheFileIsFarFromIt() {
    ShuffleQuality none = ShuffleQuality.of(100_000, 1024, Shuffle.NONE, 0);
    assertEquals(21.3, none.dispersion(), 0.1);
    assertEquals(763, none.adjacency(), 1);
    assertEquals(0.25, none.correlation(), 0.01);
  }

  /** Windows draw whole blocks, of one class each, so a batch is a sample of clusters. */
  @ParameterizedTest
  @CsvSource({
    "100000,167,1024",
    "100000,167,4096",
    "100000,64,4096",
    "400000,1024,4096",
    "400000,1024,16384"
  })
  void aWindowIsAsGoodAsItHasBlocks(int examples, int block, int window) {
    ShuffleQuality quality = ShuffleQuality.mean(examples, block, Shuffle.within(window), 3);
    double expected = 1 + 32.0 * block / window;
    assertEquals(expected, quality.dispersion(), 0.2 * expected);
  }

  /** Rows of ten values and images of 28 by 28, in blocks of the sizes that ingests choose. */
  @ParameterizedTest
  @CsvSource({"400000,1024,44", "100000,1024,44", "100000,166,3140", "20000,166,3140"})
  void theSuitedWindowMixesSortedLabelsHoweverLargeAnExampleIs(
      int examples, int block, int exampleBytes) {
    int[] sizes = new int[(examples + block - 1) / block];
    Arrays.fill(sizes, block);
    Shuffle suited = Shuffle.suited(sizes, exampleBytes);
    ShuffleQuality quality = ShuffleQuality.mean(examples, block, suited, 3);
    assertTrue(quality.dispersion() < 2.6, quality.toString());
    assertTrue(quality.adjacency() < 12, quality.toString());
  }

  @Test
  void blocksOfOneExampleNeedNoWindow() {
    ShuffleQuality quality = ShuffleQuality.mean(20_000, 1, Shuffle.within(1), 5);
    assertEquals(1, quality.dispersion(), 0.1);
    assertEquals(1, quality.adjacency(), 0.3);
  }
}
