package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * One example on its way into a data shard. Crosses between executors.
 *
 * @param values one row-major array per tensor, in the dataset's order: all elements for {@link
 *     TensorSpec.Encoding#FLOAT32}, one element (the class) for {@link
 *     TensorSpec.Encoding#CLASS_INDEX}. The arrays are not copied
 */
public record Example(List<float[]> values) implements Serializable {

  /** Keeps the arrays. */
  public Example {
    values = List.copyOf(values);
  }

  /** An example of these arrays. */
  public static Example of(float[]... values) {
    return new Example(List.of(values));
  }

  /**
   * Checks this example against the tensors it is meant for.
   *
   * @throws IllegalArgumentException naming the tensor and what does not fit
   */
  public void check(List<TensorSpec> tensors) {
    Objects.requireNonNull(tensors, "tensors");
    if (values.size() != tensors.size()) {
      throw new IllegalArgumentException(
          "example has %d arrays, the dataset %d tensors: one array per tensor"
              .formatted(values.size(), tensors.size()));
    }
    for (int t = 0; t < values.size(); t++) {
      TensorSpec tensor = tensors.get(t);
      float[] array = values.get(t);
      boolean classIndex = tensor.encoding() == TensorSpec.Encoding.CLASS_INDEX;
      int expected = classIndex ? 1 : tensor.elements();
      if (array.length != expected) {
        throw new IllegalArgumentException(
            "tensor %s: %d values != %d for %s of shape %s"
                .formatted(
                    tensor.name(), array.length, expected, tensor.encoding(), tensor.shape()));
      }
      for (int i = 0; i < array.length; i++) {
        if (!Float.isFinite(array[i])) {
          throw new IllegalArgumentException(
              "tensor %s: value[%d]=%s is not a finite number: remove or replace it"
                  .formatted(tensor.name(), i, array[i]));
        }
      }
      if (classIndex
          && (array[0] != (int) array[0] || array[0] < 0 || array[0] >= classes(tensor))) {
        throw new IllegalArgumentException(
            "tensor %s: class %s is not an integer in [0, %d)"
                .formatted(tensor.name(), array[0], classes(tensor)));
      }
    }
  }

  private static int classes(TensorSpec tensor) {
    return tensor.shape().get(0);
  }
}
