package dev.lockstep.trainer.score;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What examples add up to when a model is evaluated, for one labels tensor. Counts add exactly;
 * floating-point sums depend on the order of {@link #plus}, so join them in a fixed one. Crosses
 * between executors and driver.
 *
 * @param examples number of examples
 * @param loss sum of their losses, without regularization terms, over all outputs of the model
 * @param rows rows compared: the examples, or their time steps that count
 * @param classes number of classes; 0 for numeric labels
 * @param right rows whose predicted class is the actual one; 0 for numeric labels
 * @param confusion {@code confusion[actual * classes + predicted]}; empty for numeric labels, and
 *     where it was not asked for or there are too many classes
 * @param columns for numeric labels, one entry per output column, if asked for; empty else
 */
@SuppressWarnings("ArrayRecordComponent") // counts of one evaluation, handed on
public record EvaluationSums(
    long examples,
    double loss,
    long rows,
    int classes,
    long right,
    long[] confusion,
    List<Column> columns)
    implements Serializable {

  /** Checks presence and length. */
  public EvaluationSums {
    Objects.requireNonNull(confusion, "confusion");
    if (confusion.length != 0 && confusion.length != classes * classes) {
      throw new IllegalArgumentException(
          "confusion length=" + confusion.length + " != classes²=" + classes * classes);
    }
    columns = List.copyOf(columns);
  }

  /**
   * Sums over the rows of one output column.
   *
   * @param squaredError Σ (ŷ − y)²
   * @param absoluteError Σ |ŷ − y|
   * @param labels Σ y
   * @param squaredLabels Σ y²
   */
  public record Column(
      double squaredError, double absoluteError, double labels, double squaredLabels)
      implements Serializable {
    private Column plus(Column other) {
      return new Column(
          squaredError + other.squaredError,
          absoluteError + other.absoluteError,
          labels + other.labels,
          squaredLabels + other.squaredLabels);
    }
  }

  /** Both together. */
  public EvaluationSums plus(EvaluationSums other) {
    if (classes != other.classes
        || confusion.length != other.confusion.length
        || columns.size() != other.columns.size()) {
      throw new IllegalArgumentException(
          "sums of different outputs: classes "
              + classes
              + " and "
              + other.classes
              + ", confusion "
              + confusion.length
              + " and "
              + other.confusion.length
              + ", columns "
              + columns.size()
              + " and "
              + other.columns.size());
    }
    long[] counts = confusion.clone();
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.confusion[i];
    }
    List<Column> joined =
        java.util.stream.IntStream.range(0, columns.size())
            .mapToObj(i -> columns.get(i).plus(other.columns.get(i)))
            .toList();
    return new EvaluationSums(
        examples + other.examples,
        loss + other.loss,
        rows + other.rows,
        classes,
        right + other.right,
        counts,
        joined);
  }

  /** Whether labels are classes. */
  public boolean isClassification() {
    return classes > 0;
  }

  /** Mean loss of an example. */
  public double meanLoss() {
    return loss / examples;
  }

  /** Share of rows whose predicted class is the actual one. */
  public double accuracy() {
    return (double) right / rows;
  }

  /** Mean over the columns of the mean squared error; NaN without columns. */
  public double meanSquaredError() {
    return columns.stream().mapToDouble(Column::squaredError).sum() / rows / columns.size();
  }

  /** Mean over the columns of the mean absolute error; NaN without columns. */
  public double meanAbsoluteError() {
    return columns.stream().mapToDouble(Column::absoluteError).sum() / rows / columns.size();
  }

  /** Mean over the columns of the coefficient of determination R²; NaN without columns. */
  public double r2() {
    return columns.stream()
        .mapToDouble(
            c -> 1 - c.squaredError() / (c.squaredLabels() - c.labels() * c.labels() / rows))
        .average()
        .orElse(Double.NaN);
  }
}
