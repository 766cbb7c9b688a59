package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Which columns make a tensor. Crosses from driver to executors.
 *
 * @param tensor its name
 * @param role what a model does with it
 * @param columns one after the other; none for weights that come from classes alone
 * @param steps 0 for one value per column and example; else the columns hold arrays, one value per
 *     time step, and this is the length to which they are padded
 * @param masked whether a mask of {@code steps} values goes with it: 1 present, 0 padding
 */
public record FittedTensor(
    String tensor, TensorSpec.Role role, List<FittedColumn> columns, int steps, Masked masked)
    implements Serializable {

  /** Whether sequences differ in length. */
  public enum Masked {
    /** They do: a mask says which steps are there. */
    YES,
    /** All have the same length, or it is no sequence. */
    NO
  }

  /** Checks what belongs together. */
  public FittedTensor {
    Objects.requireNonNull(tensor, "tensor");
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(masked, "masked");
    columns = List.copyOf(columns);
    if (columns.isEmpty() && role != TensorSpec.Role.WEIGHTS) {
      throw new IllegalArgumentException("tensor " + tensor + " has no columns");
    }
    boolean classes = columns.stream().anyMatch(c -> c.transform() == ColumnTransform.CLASS);
    if (classes && (columns.size() > 1 || steps > 0 || role != TensorSpec.Role.LABELS)) {
      throw new IllegalArgumentException(
          "tensor %s: a column of classes must be the only one, of labels, and no sequence"
              .formatted(tensor));
    }
  }

  /** Whether it is one class per example. */
  public boolean isClass() {
    return columns.size() == 1 && columns.get(0).transform() == ColumnTransform.CLASS;
  }

  /** Name of the mask's tensor. */
  public String maskName() {
    return tensor + "_mask";
  }

  /** The tensor as a dataset has it. */
  public TensorSpec spec() {
    int elements = columns.isEmpty() ? 1 : columns.stream().mapToInt(FittedColumn::elements).sum();
    if (isClass()) {
      int classes = columns.get(0).categories().size();
      return new TensorSpec(tensor, role, TensorSpec.Encoding.CLASS_INDEX, List.of(classes));
    }
    return new TensorSpec(
        tensor,
        role,
        TensorSpec.Encoding.FLOAT32,
        steps > 0 ? List.of(elements, steps) : List.of(elements));
  }

  /** Its mask as a dataset has it. */
  public TensorSpec maskSpec() {
    return new TensorSpec(
        maskName(),
        role == TensorSpec.Role.LABELS
            ? TensorSpec.Role.LABELS_MASK
            : TensorSpec.Role.FEATURES_MASK,
        TensorSpec.Encoding.FLOAT32,
        List.of(steps));
  }
}
