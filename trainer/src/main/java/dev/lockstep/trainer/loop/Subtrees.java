package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import java.util.ArrayList;
import java.util.List;

/** Which nodes of the tree a worker sums and pushes. */
final class Subtrees {

  private Subtrees() {}

  /**
   * The fewest nodes that cover a range of virtual workers, each replaced by its descendants some
   * levels below. The server joins them: sums do not depend on the depth.
   *
   * @param depth levels below; all the way for large values
   */
  static List<TreeNode> of(PairwiseTree tree, int from, int to, int depth) {
    List<TreeNode> nodes = new ArrayList<>();
    for (TreeNode node : tree.cover(from, to)) {
      split(tree, node, depth, nodes);
    }
    return List.copyOf(nodes);
  }

  private static void split(PairwiseTree tree, TreeNode node, int depth, List<TreeNode> nodes) {
    if (depth == 0 || node.level() == 0) {
      nodes.add(node);
      return;
    }
    TreeNode right = new TreeNode(node.level() - 1, 2 * node.index() + 1);
    split(tree, new TreeNode(node.level() - 1, 2 * node.index()), depth - 1, nodes);
    if (right.firstLeaf() < tree.leaves()) {
      split(tree, right, depth - 1, nodes);
    }
  }
}
