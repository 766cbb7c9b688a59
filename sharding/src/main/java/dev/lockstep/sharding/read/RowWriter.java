package dev.lockstep.sharding.read;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.sharding.store.Column;
import java.util.ArrayList;
import java.util.List;

/** Copies examples of decoded blocks into micro-batches, and augments them there. */
final class RowWriter {

  private final List<TensorSpec> tensors;
  private final Augmenter augmenter;

  RowWriter(List<TensorSpec> tensors, Augmenter augmenter) {
    this.tensors = tensors;
    this.augmenter = augmenter;
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
   * @param block of the dataset
   * @param columns of that block
   * @param from its row in them
   * @param values arrays to write into
   * @param row of the arrays
   */
  void write(int block, List<Column> columns, int from, List<float[]> values, int row) {
    for (int t = 0; t < tensors.size(); t++) {
      columns.get(t).copyRow(from, values.get(t), row);
    }
    augmenter.apply(block, from, values, row);
  }
}
