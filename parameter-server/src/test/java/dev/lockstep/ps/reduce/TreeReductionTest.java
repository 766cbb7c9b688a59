package dev.lockstep.ps.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TreeReductionTest {

  private static final int LARGEST = 17;
  private static final int TRIALS = 60;

  @Test
  void joinsAsTheRecursiveDefinitionWhateverArrivesFirst() {
    Random random = new Random(1);
    for (int leaves = 1; leaves <= LARGEST; leaves++) {
      for (int trial = 0; trial < TRIALS; trial++) {
        String[] values = expressions(leaves, random, trial);
        TreeReduction<String> reduction = expressionReduction(leaves);
        for (int leaf : shuffled(leaves, random)) {
          assertFalse(reduction.isComplete());
          reduction.add(new TreeNode(0, leaf), values[leaf]);
        }
        assertTrue(reduction.isComplete());
        assertEquals(recursive(values), reduction.result());
      }
    }
  }

  @Test
  void joinsAsTheRecursiveDefinitionHoweverTheLeavesAreDealtToWorkers() {
    Random random = new Random(2);
    for (int leaves = 1; leaves <= LARGEST; leaves++) {
      for (int trial = 0; trial < TRIALS; trial++) {
        String[] values = expressions(leaves, random, trial);
        assertEquals(recursive(values), overWorkers(values, cuts(leaves, random), random));
      }
    }
  }

  @Test
  void vectorSumsHaveTheBitsOfTheRecursiveDefinition() {
    Random random = new Random(3);
    for (int leaves = 1; leaves <= LARGEST; leaves++) {
      float[][] vectors = new float[leaves][];
      for (int leaf = 0; leaf < leaves; leaf++) {
        vectors[leaf] = random.nextInt(4) == 0 && leaves > 1 ? null : gaussian(100, random);
      }
      float[] expected = recursiveSum(vectors, 0, Integer.highestOneBit(2 * leaves - 1));
      for (int trial = 0; trial < TRIALS; trial++) {
        TreeReduction<float[]> reduction = TreeReduction.ofVectors(new PairwiseTree(leaves));
        for (int leaf : shuffled(leaves, random)) {
          float[] vector = vectors[leaf];
          reduction.add(new TreeNode(0, leaf), vector == null ? null : vector.clone());
        }
        assertArrayEquals(expected, reduction.result());
      }
    }
  }

  @Test
  void doubleSumsHaveTheBitsOfTheRecursiveDefinition() {
    TreeReduction<Double> reduction = TreeReduction.ofDoubles(new PairwiseTree(5));
    reduction.add(new TreeNode(0, 4), 0.5);
    reduction.add(new TreeNode(0, 3), null);
    reduction.add(new TreeNode(1, 0), 1e16);
    reduction.add(new TreeNode(0, 2), 1.0);
    assertEquals((1e16 + 1.0) + 0.5, reduction.result());
  }

  @Test
  void emptyLeavesAreSkippedNotAddedAsZero() {
    TreeReduction<float[]> reduction = TreeReduction.ofVectors(new PairwiseTree(2));
    reduction.add(new TreeNode(0, 0), null);
    reduction.add(new TreeNode(0, 1), new float[] {-0f});
    assertEquals(Float.floatToRawIntBits(-0f), Float.floatToRawIntBits(reduction.result()[0]));
  }

  @Test
  void onlyEmptyLeavesGiveNothing() {
    TreeReduction<float[]> reduction = TreeReduction.ofVectors(new PairwiseTree(3));
    reduction.add(new TreeNode(1, 0), null);
    reduction.add(new TreeNode(0, 2), null);
    assertTrue(reduction.isComplete());
    assertNull(reduction.result());
  }

  @Test
  void refusesALeafTwice() {
    TreeReduction<String> reduction = expressionReduction(6);
    reduction.add(new TreeNode(1, 1), "x");
    String message =
        "%s covers leaves [%d, %d), but leaf %d was added before: each leaf counts once";
    assertEquals(
        message.formatted(new TreeNode(1, 1), 2, 4, 2), rejection(reduction, new TreeNode(1, 1)));
    assertEquals(
        message.formatted(new TreeNode(0, 3), 3, 4, 3), rejection(reduction, new TreeNode(0, 3)));
    assertEquals(
        message.formatted(new TreeNode(2, 0), 0, 4, 2), rejection(reduction, new TreeNode(2, 0)));
    reduction.add(new TreeNode(2, 1), null);
    assertEquals(
        message.formatted(new TreeNode(0, 5), 5, 6, 5), rejection(reduction, new TreeNode(0, 5)));
  }

  @Test
  void aRefusedNodeChangesNothing() {
    TreeReduction<String> reduction = expressionReduction(2);
    reduction.add(new TreeNode(0, 0), "a");
    rejection(reduction, new TreeNode(1, 0));
    reduction.add(new TreeNode(0, 1), "b");
    assertEquals("(a+b)", reduction.result());
  }

  @Test
  void refusesNodesOfAnotherTree() {
    TreeReduction<String> reduction = expressionReduction(5);
    for (TreeNode node :
        List.of(new TreeNode(0, 5), new TreeNode(4, 0), new TreeNode(1, 3), new TreeNode(30, 7))) {
      assertEquals(node + " is not a node of the tree over leaves=5", rejection(reduction, node));
    }
  }

  @Test
  void refusesAResultBeforeItIsComplete() {
    TreeReduction<String> reduction = expressionReduction(3);
    reduction.add(new TreeNode(0, 0), "a");
    reduction.add(new TreeNode(0, 2), "c");
    assertEquals(
        "leaf 1 of 3 is missing: add every leaf, empty ones as null, before asking for the result",
        assertThrows(IllegalStateException.class, reduction::result).getMessage());
  }

  @Test
  void refusesVectorsOfDifferentLength() {
    TreeReduction<float[]> reduction = TreeReduction.ofVectors(new PairwiseTree(2));
    reduction.add(new TreeNode(0, 0), new float[3]);
    assertEquals(
        "length=3 != length=2: vectors of one sum have one length",
        assertThrows(
                IllegalArgumentException.class,
                () -> reduction.add(new TreeNode(0, 1), new float[2]))
            .getMessage());
  }

  private static String rejection(TreeReduction<String> reduction, TreeNode node) {
    return assertThrows(IllegalArgumentException.class, () -> reduction.add(node, "y"))
        .getMessage();
  }

  private static TreeReduction<String> expressionReduction(int leaves) {
    return new TreeReduction<>(new PairwiseTree(leaves), TreeReductionTest::sum);
  }

  private static String sum(String left, String right) {
    return "(" + left + "+" + right + ")";
  }

  /** Each worker joins the subtrees inside its range; the server joins what arrives. */
  private static String overWorkers(String[] values, List<Integer> cuts, Random random) {
    PairwiseTree tree = new PairwiseTree(values.length);
    record Message(TreeNode node, String value) {}
    List<Message> messages = new ArrayList<>();
    for (int w = 0; w + 1 < cuts.size(); w++) {
      for (TreeNode node : tree.cover(cuts.get(w), cuts.get(w + 1))) {
        int to = tree.endLeaf(node);
        messages.add(
            new Message(node, recursive(Arrays.copyOfRange(values, node.firstLeaf(), to))));
      }
    }
    Collections.shuffle(messages, random);
    TreeReduction<String> server = expressionReduction(values.length);
    messages.forEach(message -> server.add(message.node(), message.value()));
    return server.result();
  }

  private static List<Integer> cuts(int leaves, Random random) {
    List<Integer> cuts = new ArrayList<>(List.of(0, leaves));
    for (int cut = 1; cut < leaves; cut++) {
      if (random.nextInt(3) == 0) {
        cuts.add(cut);
      }
    }
    Collections.sort(cuts);
    return cuts;
  }

  /** One name per leaf; in later trials some are empty. */
  private static String[] expressions(int leaves, Random random, int trial) {
    String[] values = new String[leaves];
    for (int leaf = 0; leaf < leaves; leaf++) {
      values[leaf] = trial > 10 && random.nextInt(10) < trial % 11 ? null : "v" + leaf;
    }
    return values;
  }

  /** The definition: halves of the aligned range, what is absent skipped. */
  private static String recursive(String[] values) {
    return recursive(values, 0, Integer.highestOneBit(2 * values.length - 1));
  }

  private static String recursive(String[] values, int from, int span) {
    if (from >= values.length) {
      return null;
    }
    if (span == 1) {
      return values[from];
    }
    String left = recursive(values, from, span / 2);
    String right = recursive(values, from + span / 2, span / 2);
    return left == null ? right : right == null ? left : sum(left, right);
  }

  private static float[] recursiveSum(float[][] vectors, int from, int span) {
    if (from >= vectors.length) {
      return null;
    }
    if (span == 1) {
      return vectors[from];
    }
    float[] left = recursiveSum(vectors, from, span / 2);
    float[] right = recursiveSum(vectors, from + span / 2, span / 2);
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    float[] sum = new float[left.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = left[i] + right[i];
    }
    return sum;
  }

  private static List<Integer> shuffled(int leaves, Random random) {
    List<Integer> order = new ArrayList<>();
    for (int leaf = 0; leaf < leaves; leaf++) {
      order.add(leaf);
    }
    Collections.shuffle(order, random);
    return order;
  }

  private static float[] gaussian(int length, Random random) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
