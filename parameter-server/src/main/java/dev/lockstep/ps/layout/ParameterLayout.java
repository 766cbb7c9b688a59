package dev.lockstep.ps.layout;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The flat parameter vector θ, named: blocks that cover {@code [0, parameters())} without gap or
 * overlap, in order. Crosses from driver to executors.
 *
 * @param blocks at least one; names are unique, layers do not decrease
 */
public record ParameterLayout(List<Block> blocks) implements Serializable {

  /** Checks that the blocks cover θ. */
  public ParameterLayout {
    blocks = List.copyOf(blocks);
    if (blocks.isEmpty()) {
      throw new IllegalArgumentException("blocks=0: a model without parameters cannot be trained");
    }
    Set<String> names = new HashSet<>();
    int expected = 0;
    int layer = 0;
    for (Block block : blocks) {
      if (block.offset() != expected) {
        throw new IllegalArgumentException(
            "block %s: offset=%d != end=%d of the block before it: blocks are contiguous"
                .formatted(block.name(), block.offset(), expected));
      }
      if (block.layer() < layer) {
        throw new IllegalArgumentException(
            "block %s: layer=%d < layer=%d of the block before it: blocks of a layer are adjacent"
                .formatted(block.name(), block.layer(), layer));
      }
      if (!names.add(block.name())) {
        throw new IllegalArgumentException(
            "block %s appears twice: names are unique".formatted(block.name()));
      }
      expected = block.end();
      layer = block.layer();
    }
  }

  /** Length P of θ. */
  public int parameters() {
    return blocks.get(blocks.size() - 1).end();
  }

  /**
   * Position in {@link #blocks()} of the block that holds an element.
   *
   * @param element index into θ
   */
  public int blockOf(int element) {
    if (element < 0 || element >= parameters()) {
      throw new IndexOutOfBoundsException(
          "element=%d is not in [0, parameters=%d)".formatted(element, parameters()));
    }
    int low = 0;
    int high = blocks.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (element < blocks.get(middle).end()) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
