package dev.lockstep.ps.clip;

import dev.lockstep.ps.reduce.TreeNode;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What one server contributes to the norms of a step. Crosses between executors.
 *
 * @param fromChunk first chunk summed
 * @param toChunk first chunk after those
 * @param sums per group and maximal aligned subtree of those chunks; none where a group has no
 *     element in a subtree
 */
public record NormPartials(int fromChunk, int toChunk, List<GroupSum> sums)
    implements Serializable {

  /** Checks the range. */
  public NormPartials {
    sums = List.copyOf(sums);
    if (fromChunk < 0 || fromChunk > toChunk) {
      throw new IllegalArgumentException(
          "chunks [%d, %d) must be an ascending range from >= 0".formatted(fromChunk, toChunk));
    }
  }

  /**
   * A sum of squares.
   *
   * @param group which norm it belongs to
   * @param node of the tree over all chunks of θ
   * @param sumOfSquares float64
   */
  public record GroupSum(int group, TreeNode node, double sumOfSquares) implements Serializable {

    /** Checks for null. */
    public GroupSum {
      Objects.requireNonNull(node, "node");
    }
  }
}
