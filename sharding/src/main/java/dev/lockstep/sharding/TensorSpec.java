package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * One named tensor that every example of a dataset has. Crosses from driver to executors.
 *
 * @param name unique in its dataset, for example {@code features}
 * @param role what a model does with it
 * @param encoding how it is stored
 * @param shape shape of one example, without the batch dimension; row-major. For {@link
 *     Encoding#CLASS_INDEX} it is {@code [classes]}
 */
public record TensorSpec(String name, Role role, Encoding encoding, List<Integer> shape)
    implements Serializable {

  /** What a model does with a tensor. */
  public enum Role {
    /** Input. */
    FEATURES,
    /** Wanted output. */
    LABELS,
    /** One value per time step of an input: 1 present, 0 padding. */
    FEATURES_MASK,
    /** One value per time step or output: 1 counts, 0 does not. */
    LABELS_MASK,
    /** One value per example, of shape {@code [1]}: how much its loss counts. */
    WEIGHTS
  }

  /** How a tensor is stored in a data shard. */
  public enum Encoding {
    /** A fixed number of float32 per example. */
    FLOAT32,
    /** One int32 class per example, handed out as a one-hot row. */
    CLASS_INDEX
  }

  /** Checks the shape. */
  public TensorSpec {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(encoding, "encoding");
    shape = List.copyOf(shape);
    if (name == null || name.isBlank()) {
      throw new IllegalArgumentException("tensor name is blank: give each tensor a name");
    }
    if (shape.isEmpty() || shape.stream().anyMatch(d -> d < 1)) {
      throw new IllegalArgumentException(
          "tensor " + name + ": shape=" + shape + " must have at least one dimension, each >= 1");
    }
    if (encoding == Encoding.CLASS_INDEX && shape.size() != 1) {
      throw new IllegalArgumentException(
          "tensor " + name + ": shape=" + shape + " of a class index must be [classes]");
    }
  }

  /** Number of float32 values of one example, once handed out. */
  public int elements() {
    return Math.toIntExact(
        shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact));
  }

  /** Number of 4-byte values that a data shard stores for one example. */
  public int storedValues() {
    return encoding == Encoding.CLASS_INDEX ? 1 : elements();
  }
}
