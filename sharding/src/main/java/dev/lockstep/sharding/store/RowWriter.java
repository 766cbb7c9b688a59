package dev.lockstep.sharding.store;

import dev.lockstep.sharding.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** Copies examples of decoded blocks into micro-batches. */
final class RowWriter {

  private final List<TensorSpec> tensors;

  RowWriter(List<TensorSpec> tensors) {
    this.tensors = tensors;
  }

  /** Zeroed arrays for so many examples, one for each tensor. */
  List<float[]> allocate(int examples) {
    List<float[]> values = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      values.add(new float[Math.multiplyExact(examples, tensor.elements())]);
    }
    return values;
  }

  /**
   * Writes one example.
   *
   * @param columns of its block
   * @param from its row in them
   * @param values arrays to write into
   * @param row of the arrays
   */
  void write(List<Column> columns, int from, List<float[]> values, int row) {
    for (int t = 0; t < tensors.size(); t++) {
      columns.get(t).copyRow(from, values.get(t), row);
    }
  }
}
