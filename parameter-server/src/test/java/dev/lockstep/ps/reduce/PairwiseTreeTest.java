package dev.lockstep.ps.reduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class PairwiseTreeTest {

  @Test
  void rootIsTheSmallestThatHoldsAllLeaves() {
    assertEquals(new TreeNode(0, 0), new PairwiseTree(1).root());
    assertEquals(new TreeNode(1, 0), new PairwiseTree(2).root());
    assertEquals(new TreeNode(2, 0), new PairwiseTree(3).root());
    assertEquals(new TreeNode(2, 0), new PairwiseTree(4).root());
    assertEquals(new TreeNode(3, 0), new PairwiseTree(5).root());
    assertEquals(new TreeNode(30, 0), new PairwiseTree(1 << 30).root());
  }

  @Test
  void coversMatchTheRangeExactlyAndInOrder() {
    for (int leaves = 1; leaves <= 33; leaves++) {
      PairwiseTree tree = new PairwiseTree(leaves);
      for (int from = 0; from <= leaves; from++) {
        for (int to = from; to <= leaves; to++) {
          int at = from;
          for (TreeNode node : tree.cover(from, to)) {
            assertEquals(at, node.firstLeaf());
            at = tree.endLeaf(node);
          }
          assertEquals(to, at);
        }
      }
    }
  }

  @Test
  void coversAreMaximal() {
    for (int leaves = 1; leaves <= 33; leaves++) {
      PairwiseTree tree = new PairwiseTree(leaves);
      for (int from = 0; from < leaves; from++) {
        for (int to = from + 1; to <= leaves; to++) {
          for (TreeNode node : tree.cover(from, to)) {
            TreeNode parent = node.parent();
            assertTrue(
                node.equals(tree.root()) || parent.firstLeaf() < from || tree.endLeaf(parent) > to);
          }
        }
      }
    }
  }

  @Test
  void aWorkerThatPlaysAllLeavesSendsOneVector() {
    for (int leaves = 1; leaves <= 33; leaves++) {
      PairwiseTree tree = new PairwiseTree(leaves);
      assertEquals(List.of(tree.root()), tree.cover(0, leaves));
    }
  }

  @Test
  void alignedWorkersSendOneVectorEach() {
    assertEquals(List.of(new TreeNode(2, 1)), new PairwiseTree(12).cover(4, 8));
    assertEquals(List.of(new TreeNode(3, 1)), new PairwiseTree(12).cover(8, 12));
    assertEquals(List.of(new TreeNode(2, 1)), new PairwiseTree(5).cover(4, 5));
  }

  @Test
  void anEmptyRangeHasNoNodes() {
    assertEquals(List.of(), new PairwiseTree(5).cover(5, 5));
    assertEquals(List.of(), new PairwiseTree(5).cover(2, 2));
  }

  /** Frozen: every sum of a run is taken in this order. */
  @Test
  void coversAreTheReleasedOnes() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (int leaves = 1; leaves <= 40; leaves++) {
      PairwiseTree tree = new PairwiseTree(leaves);
      for (int from = 0; from < leaves; from++) {
        for (int to = from + 1; to <= leaves; to++) {
          for (TreeNode node : tree.cover(from, to)) {
            digest.update(ByteBuffer.allocate(8).putInt(0, node.level()).putInt(4, node.index()));
          }
        }
      }
    }
    assertEquals(
        "37611ee4b47ffe23bcf0012a4f8e9c8cee82bb9df712e86e97c4f2830e384d7e",
        HexFormat.of().formatHex(digest.digest()));
  }

  @Test
  void refusesWhatIsNotATree() {
    assertEquals(
        "leaves=0 must be in [1, 2^30]",
        assertThrows(IllegalArgumentException.class, () -> new PairwiseTree(0)).getMessage());
    assertEquals(
        "range [2, 6) is not inside leaves [0, 5)",
        assertThrows(IllegalArgumentException.class, () -> new PairwiseTree(5).cover(2, 6))
            .getMessage());
    assertEquals(
        "range [3, 2) is not inside leaves [0, 5)",
        assertThrows(IllegalArgumentException.class, () -> new PairwiseTree(5).cover(3, 2))
            .getMessage());
  }
}
