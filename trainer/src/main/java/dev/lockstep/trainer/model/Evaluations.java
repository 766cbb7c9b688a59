package dev.lockstep.trainer.model;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares predictions with labels, on plain arrays. */
final class Evaluations {

  private Evaluations() {}

  static List<EvaluationSums> compare(
      MicroBatch batch, List<float[]> predictions, ExampleSums sums) {
    List<EvaluationSums> found = new ArrayList<>();
    List<Integer> masks = indices(batch, Role.LABELS_MASK);
    List<Integer> labels = indices(batch, Role.LABELS);
    for (int i = 0; i < labels.size(); i++) {
      TensorSpec tensor = batch.tensors().get(labels.get(i));
      Optional<float[]> mask =
          masks.isEmpty() ? Optional.empty() : Optional.of(batch.values().get(masks.get(i)));
      Rows rows = rows(tensor, batch.examples(), mask);
      float[] wanted = batch.values().get(labels.get(i));
      found.add(
          tensor.encoding() == Encoding.CLASS_INDEX
              ? classes(rows, wanted, predictions.get(i), sums)
              : values(rows, wanted, predictions.get(i), sums));
    }
    return found;
  }

  private static List<Integer> indices(MicroBatch batch, Role role) {
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < batch.tensors().size(); i++) {
      if (batch.tensors().get(i).role() == role) {
        found.add(i);
      }
    }
    return found;
  }

  /**
   * How an array {@code [examples, columns, steps]} is cut into rows; flat outputs have one step.
   *
   * @param mask one value per row: 0 to leave it out; null for none
   */
  @SuppressWarnings("ArrayRecordComponent") // a view for the loops below
  private record Rows(int examples, int columns, int steps, float[] mask) {
    boolean counts(int example, int step) {
      return mask == null || mask[mask.length == examples ? example : example * steps + step] != 0;
    }

    int at(int example, int column, int step) {
      return (example * columns + column) * steps + step;
    }
  }

  private static Rows rows(TensorSpec labels, int examples, Optional<float[]> mask) {
    boolean sequence = labels.shape().size() == 2;
    int columns = sequence ? labels.shape().get(0) : labels.elements();
    return new Rows(examples, columns, sequence ? labels.shape().get(1) : 1, mask.orElse(null));
  }

  private static EvaluationSums classes(
      Rows rows, float[] wanted, float[] predicted, ExampleSums sums) {
    long[] confusion = new long[rows.columns * rows.columns];
    long counted = 0;
    for (int example = 0; example < rows.examples; example++) {
      for (int step = 0; step < rows.steps; step++) {
        if (rows.counts(example, step)) {
          int actual = largest(rows, wanted, example, step);
          int guess = largest(rows, predicted, example, step);
          confusion[actual * rows.columns + guess]++;
          counted++;
        }
      }
    }
    return new EvaluationSums(sums.examples(), sums.loss(), counted, confusion, List.of());
  }

  /** The first of equally large values. */
  private static int largest(Rows rows, float[] values, int example, int step) {
    int best = 0;
    for (int column = 1; column < rows.columns; column++) {
      if (values[rows.at(example, column, step)] > values[rows.at(example, best, step)]) {
        best = column;
      }
    }
    return best;
  }

  private static EvaluationSums values(
      Rows rows, float[] wanted, float[] predicted, ExampleSums sums) {
    List<EvaluationSums.Column> columns = new ArrayList<>();
    long counted = 0;
    for (int column = 0; column < rows.columns; column++) {
      double squaredError = 0;
      double absoluteError = 0;
      double labels = 0;
      double squaredLabels = 0;
      counted = 0;
      for (int example = 0; example < rows.examples; example++) {
        for (int step = 0; step < rows.steps; step++) {
          if (rows.counts(example, step)) {
            double y = wanted[rows.at(example, column, step)];
            double error = predicted[rows.at(example, column, step)] - y;
            squaredError += error * error;
            absoluteError += Math.abs(error);
            labels += y;
            squaredLabels += y * y;
            counted++;
          }
        }
      }
      columns.add(new EvaluationSums.Column(squaredError, absoluteError, labels, squaredLabels));
    }
    return new EvaluationSums(sums.examples(), sums.loss(), counted, new long[0], columns);
  }
}
