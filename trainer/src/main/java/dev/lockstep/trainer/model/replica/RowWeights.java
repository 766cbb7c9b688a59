package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorRoles;
import dev.lockstep.sharding.TensorSpec;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The weights of examples as the loss of one output wants them: DL4J lays the time steps and pixels
 * of all examples out as rows of a matrix, and each row weighs what its example does.
 *
 * @param tensor which of the dataset's tensors has the weights
 * @param rowsPerExample 1, or the time steps or pixels of an example
 * @param order how the rows of different examples follow each other
 */
record RowWeights(int tensor, int rowsPerExample, Order order) {

  /** How DL4J lays out rows. */
  enum Order {
    /** All rows of the first example, then those of the second: pixels and voxels. */
    EXAMPLE_BY_EXAMPLE,
    /** The first time step of each example, then the second ({@code reshape3dTo2d}). */
    STEP_BY_STEP
  }

  /**
   * One for each output, in the dataset's order; none if examples have no weights.
   *
   * @param labels shapes of an example's labels: {@code [out]}, {@code [out, time]}, or the
   *     channels first
   */
  static List<RowWeights> of(List<TensorSpec> tensors, List<long[]> labels) {
    List<Integer> weights = TensorRoles.of(tensors).weights();
    return weights.isEmpty()
        ? List.of()
        : IntStream.range(0, labels.size())
            .mapToObj(i -> of(weights.get(weights.size() == 1 ? 0 : i), labels.get(i)))
            .toList();
  }

  private static RowWeights of(int tensor, long[] labels) {
    int rows = 1;
    for (int i = 1; i < labels.length; i++) {
      rows = Math.multiplyExact(rows, Math.toIntExact(labels[i]));
    }
    return new RowWeights(
        tensor, rows, labels.length == 2 ? Order.STEP_BY_STEP : Order.EXAMPLE_BY_EXAMPLE);
  }

  /** The weight of each row. */
  float[] rows(MicroBatch batch) {
    float[] weights = batch.values().get(tensor);
    float[] rows = new float[batch.examples() * rowsPerExample];
    for (int row = 0; row < rows.length; row++) {
      rows[row] =
          weights[order == Order.STEP_BY_STEP ? row % batch.examples() : row / rowsPerExample];
    }
    return rows;
  }
}
