package dev.lockstep.trainer.score;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorRoles;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Compares predictions with labels, micro-batch after micro-batch, and adds up in their order.
 * Lives in an executor; for one thread.
 */
public final class Evaluator {

  /** What is kept of an evaluation. */
  public enum Detail {
    /** A few numbers, however large the outputs: small enough to be reported after each epoch. */
    TOTALS,
    /** Also the confusion matrix of up to {@value #MOST_CLASSES} classes, and numeric columns. */
    DETAILED
  }

  /** Beyond it, a confusion matrix is neither kept nor worth reading. */
  public static final int MOST_CLASSES = 1000;

  private final Detail detail;
  private List<Output> outputs;
  private long examples;
  private double loss;

  /** Nothing added yet. */
  public Evaluator(Detail detail) {
    this.detail = Objects.requireNonNull(detail, "detail");
  }

  /**
   * All added so far.
   *
   * @return one for each labels tensor, in the dataset's order; null if nothing was added
   */
  public List<EvaluationSums> sums() {
    return outputs == null
        ? null
        : outputs.stream().map(output -> output.sums(examples, loss)).toList();
  }

  /**
   * Adds a micro-batch.
   *
   * @param predictions row-major {@code [examples, shape...]}, one for each labels tensor
   * @param sums its losses; where examples have weights, these are in them, and nowhere else: each
   *     example that counts is compared once
   */
  public void add(MicroBatch batch, List<float[]> predictions, ExampleSums sums) {
    TensorRoles roles = TensorRoles.of(batch.tensors());
    List<Integer> labels = roles.labels();
    if (outputs == null) {
      outputs = labels.stream().map(i -> output(batch.tensors().get(i))).toList();
    }
    for (int i = 0; i < labels.size(); i++) {
      TensorSpec tensor = batch.tensors().get(labels.get(i));
      int mask = roles.labelsMasks().get(i);
      outputs
          .get(i)
          .add(
              rows(
                  tensor,
                  batch.examples(),
                  mask == TensorRoles.NONE ? null : batch.values().get(mask)),
              batch.values().get(labels.get(i)),
              predictions.get(i));
    }
    examples += sums.examples();
    loss += sums.loss();
  }

  private Output output(TensorSpec labels) {
    if (labels.encoding() == Encoding.CLASS_INDEX) {
      int classes = labels.elements();
      boolean confusion = detail == Detail.DETAILED && classes <= MOST_CLASSES;
      return new Classes(classes, new long[confusion ? classes * classes : 0]);
    }
    return new Numbers(detail == Detail.DETAILED ? columns(labels) : 0);
  }

  private static boolean isSequence(TensorSpec labels) {
    return labels.shape().size() == 2;
  }

  private static int columns(TensorSpec labels) {
    return isSequence(labels) ? labels.shape().get(0) : labels.elements();
  }

  private static Rows rows(TensorSpec labels, int examples, float[] mask) {
    return new Rows(
        examples, columns(labels), isSequence(labels) ? labels.shape().get(1) : 1, mask);
  }

  /**
   * How an array {@code [examples, columns, steps]} is cut into rows; flat outputs have one step.
   *
   * @param mask one value per example, per row or per output: 0 to leave it out; null for none
   */
  @SuppressWarnings("ArrayRecordComponent") // a view for the loops below
  private record Rows(int examples, int columns, int steps, float[] mask) {
    /** Whether a row has an output that counts. */
    boolean counts(int example, int step) {
      for (int column = 0; column < columns; column++) {
        if (counts(example, column, step)) {
          return true;
        }
      }
      return false;
    }

    boolean counts(int example, int column, int step) {
      if (mask == null) {
        return true;
      }
      int perExample = mask.length / examples;
      if (perExample == 1) {
        return mask[example] != 0;
      }
      return mask[perExample == steps ? example * steps + step : at(example, column, step)] != 0;
    }

    int at(int example, int column, int step) {
      return (example * columns + column) * steps + step;
    }

    /** The first of equally large values. */
    int largest(float[] values, int example, int step) {
      int best = 0;
      for (int column = 1; column < columns; column++) {
        if (values[at(example, column, step)] > values[at(example, best, step)]) {
          best = column;
        }
      }
      return best;
    }
  }

  /** The tally of one labels tensor. */
  private sealed interface Output {
    void add(Rows rows, float[] wanted, float[] predicted);

    EvaluationSums sums(long examples, double loss);
  }

  private static final class Classes implements Output {
    private final int classes;
    private final long[] confusion;
    private long counted;
    private long right;

    Classes(int classes, long[] confusion) {
      this.classes = classes;
      this.confusion = confusion;
    }

    @Override
    public void add(Rows rows, float[] wanted, float[] predicted) {
      for (int example = 0; example < rows.examples; example++) {
        for (int step = 0; step < rows.steps; step++) {
          if (rows.counts(example, step)) {
            int actual = rows.largest(wanted, example, step);
            int guess = rows.largest(predicted, example, step);
            counted++;
            right += actual == guess ? 1 : 0;
            if (confusion.length > 0) {
              confusion[actual * classes + guess]++;
            }
          }
        }
      }
    }

    @Override
    public EvaluationSums sums(long examples, double loss) {
      return new EvaluationSums(
          examples, loss, counted, classes, right, confusion.clone(), List.of());
    }
  }

  private static final class Numbers implements Output {
    private final double[] squaredError;
    private final double[] absoluteError;
    private final double[] labels;
    private final double[] squaredLabels;
    private long counted;

    Numbers(int columns) {
      squaredError = new double[columns];
      absoluteError = new double[columns];
      labels = new double[columns];
      squaredLabels = new double[columns];
    }

    @Override
    public void add(Rows rows, float[] wanted, float[] predicted) {
      for (int example = 0; example < rows.examples; example++) {
        for (int step = 0; step < rows.steps; step++) {
          if (rows.counts(example, step)) {
            counted++;
            for (int column = 0; column < labels.length; column++) {
              if (!rows.counts(example, column, step)) {
                continue;
              }
              double y = wanted[rows.at(example, column, step)];
              double error = predicted[rows.at(example, column, step)] - y;
              squaredError[column] += error * error;
              absoluteError[column] += Math.abs(error);
              labels[column] += y;
              squaredLabels[column] += y * y;
            }
          }
        }
      }
    }

    @Override
    public EvaluationSums sums(long examples, double loss) {
      List<EvaluationSums.Column> columns = new ArrayList<>();
      for (int i = 0; i < labels.length; i++) {
        columns.add(
            new EvaluationSums.Column(
                squaredError[i], absoluteError[i], labels[i], squaredLabels[i]));
      }
      return new EvaluationSums(examples, loss, counted, 0, 0, new long[0], columns);
    }
  }
}
