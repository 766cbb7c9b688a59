package dev.lockstep.ps.reduce;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BinaryOperator;

/**
 * Joins values in the order of a {@link PairwiseTree}, whatever order they arrive in and however
 * the leaves were grouped: the joins made depend only on which leaves are empty.
 *
 * <p>Values are joined as soon as both children of a node are there, so at most one value per gap
 * is held. Not thread-safe; never blocks. Lives wherever sums are taken: worker, server, driver.
 *
 * @param <T> what is joined
 */
public final class TreeReduction<T> {

  private final PairwiseTree tree;
  private final BinaryOperator<T> join;
  private final Map<TreeNode, Entry<T>> waiting = new HashMap<>();
  private final BitSet covered = new BitSet();
  private final TreeNode root;

  /** A value, or its absence, of a complete node. */
  private record Entry<T>(T valueOrNull) {}

  /**
   * A reduction without values yet.
   *
   * @param tree the order
   * @param join called as {@code join(left, right)}; it may change and return one of them
   */
  public TreeReduction(PairwiseTree tree, BinaryOperator<T> join) {
    this.tree = Objects.requireNonNull(tree, "tree");
    this.join = Objects.requireNonNull(join, "join");
    this.root = tree.root();
  }

  /**
   * A reduction of float32 vectors of one length: right is added into left, which is kept. Vectors
   * given to {@link #add} belong to the reduction from then on.
   */
  public static TreeReduction<float[]> ofVectors(PairwiseTree tree) {
    return new TreeReduction<>(tree, TreeReduction::addInto);
  }

  /** A reduction of float64 numbers. */
  public static TreeReduction<Double> ofDoubles(PairwiseTree tree) {
    return new TreeReduction<>(tree, Double::sum);
  }

  /**
   * Adds the value of a node.
   *
   * @param node a node of the tree none of whose leaves was added before
   * @param valueOrNull its value, or null where all its leaves are empty
   * @throws IllegalArgumentException if the node is not of this tree, or overlaps one added before
   */
  public void add(TreeNode node, T valueOrNull) {
    if (!tree.has(node)) {
      throw new IllegalArgumentException(
          "%s is not a node of the tree over leaves=%d".formatted(node, tree.leaves()));
    }
    int first = node.firstLeaf();
    int end = tree.endLeaf(node);
    int taken = covered.nextSetBit(first);
    if (taken >= 0 && taken < end) {
      throw new IllegalArgumentException(
          "%s covers leaves [%d, %d), but leaf %d was added before: each leaf counts once"
              .formatted(node, first, end, taken));
    }
    covered.set(first, end);
    TreeNode at = node;
    T value = valueOrNull;
    while (!at.equals(root)) {
      TreeNode sibling = new TreeNode(at.level(), at.index() ^ 1);
      if (tree.has(sibling)) {
        Entry<T> other = waiting.remove(sibling);
        if (other == null) {
          break;
        }
        value =
            at.index() < sibling.index()
                ? joined(value, other.valueOrNull())
                : joined(other.valueOrNull(), value);
      }
      at = at.parent();
    }
    waiting.put(at, new Entry<>(value));
  }

  /** Adds all leaves that were not added before as empty. */
  public void addRestAsEmpty() {
    int leaf = covered.nextClearBit(0);
    while (leaf < tree.leaves()) {
      int next = covered.nextSetBit(leaf);
      int end = next < 0 ? tree.leaves() : next;
      tree.cover(leaf, end).forEach(node -> add(node, null));
      leaf = covered.nextClearBit(end);
    }
  }

  /** Whether every leaf was added, as a value or as empty. */
  public boolean isComplete() {
    return waiting.containsKey(root);
  }

  /**
   * The value of the root.
   *
   * @return null where all leaves are empty
   * @throws IllegalStateException before the reduction is complete
   */
  public T result() {
    if (!isComplete()) {
      throw new IllegalStateException(
          "leaf %d of %d is missing: add every leaf, empty ones as null, before asking for the result"
              .formatted(covered.nextClearBit(0), tree.leaves()));
    }
    return waiting.get(root).valueOrNull();
  }

  private T joined(T left, T right) {
    if (left == null) {
      return right;
    }
    return right == null ? left : join.apply(left, right);
  }

  private static float[] addInto(float[] left, float[] right) {
    if (left.length != right.length) {
      throw new IllegalArgumentException(
          "length=%d != length=%d: vectors of one sum have one length"
              .formatted(left.length, right.length));
    }
    for (int i = 0; i < left.length; i++) {
      left[i] += right[i];
    }
    return left;
  }
}
