package dev.lockstep.ps.reduce;

import java.io.Serializable;

/**
 * A node of the pairwise tree over leaves {@code [0, leaves)}: it covers the aligned leaves {@code
 * [index << level, (index + 1) << level)} as far as they exist.
 *
 * @param level 0 for a leaf
 * @param index position among the nodes of its level
 */
public record TreeNode(int level, int index) implements Serializable {

  /** Checks the position. */
  public TreeNode {
    if (level < 0 || level > 30 || index < 0) {
      throw new IllegalArgumentException(
          "tree node level=" + level + " index=" + index + " must be in [0, 30] and >= 0");
    }
  }

  /** First leaf covered. */
  public int firstLeaf() {
    return index << level;
  }

  /** The node above. */
  public TreeNode parent() {
    return new TreeNode(level + 1, index >> 1);
  }
}
