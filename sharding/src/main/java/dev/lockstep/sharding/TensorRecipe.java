package dev.lockstep.sharding;

import dev.lockstep.sharding.TensorSpec.Role;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Which columns are to make a tensor. Crosses from driver to executors.
 *
 * @param name of the tensor
 * @param role what a model does with it
 * @param columns one after the other
 * @param steps {@link #NO_SEQUENCE}; or, where the columns hold arrays with one value per time
 *     step, the length to which they are padded, or {@link #LONGEST}. The tensor then has shape
 *     {@code [elements, steps]}, and a mask if lengths differ
 */
public record TensorRecipe(String name, Role role, List<ColumnRecipe> columns, int steps)
    implements Serializable {

  /** Value of {@code steps} for tensors that are no sequences. */
  public static final int NO_SEQUENCE = 0;

  /** Value of {@code steps} that takes the longest sequence of the data. */
  public static final int LONGEST = -1;

  /** Checks what belongs together. */
  public TensorRecipe {
    Objects.requireNonNull(role, "role");
    columns = columns == null ? List.of() : List.copyOf(columns);
    if (name == null || name.isBlank()) {
      throw new IllegalArgumentException("a tensor of the recipe has no name");
    }
    if (steps < LONGEST) {
      throw new IllegalArgumentException(
          "tensor %s: steps=%d must be %d (no sequence), %d (the longest), or a length"
              .formatted(name, steps, NO_SEQUENCE, LONGEST));
    }
    if (role == Role.FEATURES_MASK || role == Role.LABELS_MASK) {
      throw new IllegalArgumentException(
          "tensor %s: role=%s is made from the lengths of sequences: leave it out"
              .formatted(name, role));
    }
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("tensor " + name + " of the recipe has no columns");
    }
    boolean classes = columns.stream().anyMatch(c -> c.transform() == ColumnTransform.CLASS);
    if (classes && (columns.size() > 1 || steps != NO_SEQUENCE || role != Role.LABELS)) {
      throw new IllegalArgumentException(
          "tensor %s: a column of classes must be the only one, of labels, and no sequence: make it ONE_HOT"
              .formatted(name));
    }
    if (role == Role.WEIGHTS
        && (columns.size() > 1
            || steps != NO_SEQUENCE
            || columns.get(0).transform() != ColumnTransform.NUMBER)) {
      throw new IllegalArgumentException(
          "tensor %s: weights are one column of numbers".formatted(name));
    }
  }

  /** A tensor that is no sequence. */
  public static TensorRecipe of(String name, Role role, ColumnRecipe... columns) {
    return new TensorRecipe(name, role, List.of(columns), NO_SEQUENCE);
  }

  public boolean isSequence() {
    return steps != NO_SEQUENCE;
  }
}
