package dev.lockstep.ps.layout;

import java.io.Serializable;
import java.util.Objects;

/**
 * A contiguous range of θ that belongs to one layer parameter. Crosses from driver to executors.
 *
 * @param name DL4J's name of the parameter, for example {@code 0_W}; unique in its layout
 * @param layer index of the layer (or vertex) in DL4J's order; blocks of a layer are adjacent
 * @param offset first element in θ
 * @param length number of elements, at least 1
 */
public record Block(String name, int layer, int offset, int length) implements Serializable {

  /** Checks the range. */
  public Block {
    Objects.requireNonNull(name, "name");
    if (offset < 0 || length < 1 || layer < 0) {
      throw new IllegalArgumentException(
          "block "
              + name
              + ": layer="
              + layer
              + " offset="
              + offset
              + " length="
              + length
              + " must be >= 0, >= 0 and >= 1");
    }
  }

  /** First element after the block. */
  public int end() {
    return offset + length;
  }
}
