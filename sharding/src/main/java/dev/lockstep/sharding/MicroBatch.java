package dev.lockstep.sharding;

import java.util.List;

/**
 * The examples that one virtual worker uses in one step.
 *
 * @param examples number of examples; 0 where a virtual worker has none left in this epoch
 * @param tensors the dataset's tensors, in its order
 * @param values for each tensor a row-major array of shape {@code [examples, shape...]}; owned by
 *     the receiver
 */
public record MicroBatch(int examples, List<TensorSpec> tensors, List<float[]> values) {

  /** Checks that values and tensors agree. */
  public MicroBatch {
    tensors = List.copyOf(tensors);
    values = List.copyOf(values);
    if (tensors.size() != values.size()) {
      throw new IllegalArgumentException(
          "values=" + values.size() + " != tensors=" + tensors.size() + ": one array per tensor");
    }
    for (int i = 0; i < tensors.size(); i++) {
      long expected = (long) examples * tensors.get(i).elements();
      if (values.get(i).length != expected) {
        throw new IllegalArgumentException(
            "tensor "
                + tensors.get(i).name()
                + ": length="
                + values.get(i).length
                + " != examples*elements="
                + expected);
      }
    }
  }
}
