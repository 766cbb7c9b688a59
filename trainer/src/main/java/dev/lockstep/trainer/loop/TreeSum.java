package dev.lockstep.trainer.loop;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Sums what virtual workers contribute in the order of the pairwise tree. Leaf by leaf, so that no
 * more vectors live than a subtree is high, and two. Lives in an executor; used by one thread.
 */
final class TreeSum {

  private static final int LANES = 1024;

  private final PairwiseTree tree;
  private final int length;
  private final Rounding rounding;
  private final Deque<float[]> spareVectors = new ArrayDeque<>();

  /** What one virtual worker contributes. */
  @FunctionalInterface
  interface Leaf {
    /**
     * Computes it.
     *
     * @param vector of the sum's length; overwritten, and part of what is returned unless that is
     *     empty
     */
    RoundSum of(int virtualWorker, float[] vector);
  }

  TreeSum(PairwiseTree tree, int length, Rounding rounding) {
    this.tree = tree;
    this.rounding = rounding;
    this.length = length;
  }

  /** The sum below a node. Its vector is the caller's until {@link #giveBack}. */
  RoundSum of(TreeNode node, Leaf leaf) {
    int first = node.firstLeaf();
    PairwiseTree subtree = new PairwiseTree(tree.endLeaf(node) - first);
    TreeReduction<RoundSum> sum = new TreeReduction<>(subtree, this::join);
    for (int i = 0; i < subtree.leaves(); i++) {
      sum.add(new TreeNode(0, i), leafSum(first + i, leaf));
    }
    return sum.result();
  }

  /** Takes a vector for later sums. */
  void giveBack(RoundSum sum) {
    if (!sum.isEmpty()) {
      spareVectors.push(sum.vector());
    }
  }

  private RoundSum leafSum(int virtualWorker, Leaf leaf) {
    float[] spare = spareVectors.poll();
    float[] vector = spare != null ? spare : new float[length];
    RoundSum sum = leaf.of(virtualWorker, vector);
    if (sum.isEmpty()) {
      spareVectors.push(vector);
      return sum;
    }
    return isSummable(vector, tree.leaves()) ? sum : sum.withNonFinite(virtualWorker);
  }

  /** Whether all elements are finite, and so is any sum of as many such as there are leaves. */
  static boolean isSummable(float[] vector, int leaves) {
    if (Float.isFinite(squares(vector))) {
      return true;
    }
    float most = Float.MAX_VALUE / leaves;
    boolean summable = true;
    for (float element : vector) {
      // False for NaN too.
      summable &= Math.abs(element) <= most;
    }
    return summable;
  }

  /**
   * The sum of squares: not finite where an element is not, or is above 1e19. In lanes, and from a
   * copy: C2 makes vector code of a loop only where all arrays have the same index.
   */
  private static float squares(float[] vector) {
    float[] copy = new float[LANES];
    float[] sums = new float[LANES];
    for (int at = 0; at < vector.length; at += LANES) {
      int length = Math.min(LANES, vector.length - at);
      System.arraycopy(vector, at, copy, 0, length);
      addSquares(sums, copy, length);
    }
    float sum = 0;
    for (float lane : sums) {
      sum += lane;
    }
    return sum;
  }

  private static void addSquares(float[] sums, float[] values, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += values[i] * values[i];
    }
  }

  private RoundSum join(RoundSum left, RoundSum right) {
    for (int step = 0; step < left.examples().length; step++) {
      left.examples()[step] += right.examples()[step];
      left.losses()[step] += right.losses()[step];
    }
    // An empty side is skipped, not added as zero: adding it could turn -0 into +0.
    if (right.isEmpty()) {
      return left;
    }
    if (left.isEmpty()) {
      return new RoundSum(left.examples(), left.losses(), right.nonFinite(), right.vector());
    }
    rounding.join(left.vector(), 0, right.vector(), 0, length);
    giveBack(right);
    // Virtual workers of the left side are the first.
    return left.nonFinite() == Contribution.FINITE && right.nonFinite() != Contribution.FINITE
        ? left.withNonFinite(right.nonFinite())
        : left;
  }
}
