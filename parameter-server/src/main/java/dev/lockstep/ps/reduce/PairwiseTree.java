package dev.lockstep.ps.reduce;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The order in which values of leaves {@code 0 .. leaves-1} are joined: the aligned binary tree
 * over {@code [0, 2^levels)}, where {@code levels} is the smallest that holds all leaves. A node's
 * value is {@code join(left child, right child)}; a child that is absent (beyond the leaves) or
 * empty is skipped, and then the node's value is the other child's.
 *
 * <pre>
 *   leaves = 6      (3,0)
 *                 /       \
 *             (2,0)       (2,1)        (level, index)
 *            /     \        |
 *         (1,0)   (1,1)   (1,2)        (1,3) is absent
 *          0 1     2 3     4 5
 * </pre>
 *
 * Frozen once released: sums taken in another order have other bits.
 *
 * @param leaves at least 1, at most 2^30
 */
public record PairwiseTree(int leaves) implements Serializable {

  /** Checks the count. */
  public PairwiseTree {
    if (leaves < 1 || leaves > 1 << 30) {
      throw new IllegalArgumentException("leaves=" + leaves + " must be in [1, 2^30]");
    }
  }

  /** The node whose value is the sum over all leaves. */
  public TreeNode root() {
    return new TreeNode(32 - Integer.numberOfLeadingZeros(leaves - 1), 0);
  }

  /**
   * The fewest nodes that together cover exactly a range of leaves, left to right. Their subtrees
   * can be joined from the values of that range alone, and no others can.
   *
   * @param fromLeaf first leaf
   * @param toLeaf first leaf after the range; {@code fromLeaf == toLeaf} gives no nodes
   */
  public List<TreeNode> cover(int fromLeaf, int toLeaf) {
    if (fromLeaf < 0 || fromLeaf > toLeaf || toLeaf > leaves) {
      throw new IllegalArgumentException(
          "range [%d, %d) is not inside leaves [0, %d)".formatted(fromLeaf, toLeaf, leaves));
    }
    int top = root().level();
    // A range that ends with the last leaf may take in the absent ones behind it.
    long end = toLeaf == leaves ? 1L << top : toLeaf;
    List<TreeNode> nodes = new ArrayList<>();
    long at = fromLeaf;
    while (at < toLeaf) {
      int level = Math.min(top, Long.numberOfTrailingZeros(at));
      while (at + (1L << level) > end) {
        level--;
      }
      nodes.add(new TreeNode(level, (int) (at >> level)));
      at += 1L << level;
    }
    return List.copyOf(nodes);
  }

  /** First leaf after the ones that a node covers, not counting absent ones. */
  public int endLeaf(TreeNode node) {
    return (int) Math.min(leaves, ((long) node.index() + 1) << node.level());
  }

  /** Whether a node covers at least one leaf of this tree. */
  boolean has(TreeNode node) {
    return node.level() <= root().level() && ((long) node.index() << node.level()) < leaves;
  }
}
