package dev.lockstep.ps.clip;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;

/** Sum of one group over the chunks of a subtree, given in order; those left out are empty. */
final class SubtreeSum {

  private final PairwiseTree tree;
  private final TreeReduction<Double> reduction;
  private int next;

  /**
   * A sum without values yet.
   *
   * @param chunks in the subtree
   */
  SubtreeSum(int chunks) {
    tree = new PairwiseTree(chunks);
    reduction = TreeReduction.ofDoubles(tree);
  }

  /**
   * Adds a chunk's sum.
   *
   * @param leaf chunk, counted from the subtree's first; above the ones before
   */
  void add(int leaf, double sum) {
    skipTo(leaf);
    reduction.add(new TreeNode(0, leaf), sum);
    next = leaf + 1;
  }

  /** The sum; at least one chunk was added. */
  double result() {
    skipTo(tree.leaves());
    return reduction.result();
  }

  private void skipTo(int leaf) {
    tree.cover(next, leaf).forEach(node -> reduction.add(node, null));
    next = leaf;
  }
}
