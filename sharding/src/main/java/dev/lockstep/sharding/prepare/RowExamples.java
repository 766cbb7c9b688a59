package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTensor;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.TensorSpec.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;

/** Rows as examples, by a fitted transform. Lives in an executor. */
public final class RowExamples implements Iterator<Example> {

  private final ParsedRows rows;
  private final FittedTransform fitted;
  private final List<Columns> tensors = new ArrayList<>();
  private final int classTensor;

  public RowExamples(ParsedRows rows, FittedTransform fitted) {
    this.rows = rows;
    this.fitted = fitted;
    fitted.tensors().forEach(tensor -> tensors.add(new Columns(tensor)));
    classTensor = classTensor(fitted);
  }

  /** Place of the first class labels among the tensors, or -1. */
  public static int classTensor(FittedTransform fitted) {
    for (int t = 0; t < fitted.tensors().size(); t++) {
      if (fitted.tensors().get(t).isClass()) {
        return t;
      }
    }
    return -1;
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Example next() {
    try {
      return example(rows.next());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A row as an example.
   *
   * @param row the one returned last by the rows
   * @throws InvalidDataException if it is bad; the same rows are, before and after fitting
   */
  public Example example(ParsedRow row) throws IOException {
    List<float[]> values = new ArrayList<>();
    for (int t = 0; t < tensors.size(); t++) {
      FittedTensor tensor = fitted.tensors().get(t);
      if (tensor.role() == Role.WEIGHTS) {
        values.add(weight(t, row));
      } else if (tensor.isClass()) {
        values.add(new float[] {exampleClass(t, row)});
      } else {
        values.add(numbers(t, row));
      }
      if (tensor.masked() == FittedTensor.Masked.YES) {
        float[] mask = new float[tensor.steps()];
        Arrays.fill(mask, 0, row.length(t, 0), 1);
        values.add(mask);
      }
    }
    return new Example(values);
  }

  /** The class of a row in the first class labels; 0 where there are none. */
  public int exampleClass(ParsedRow row) throws IOException {
    return classTensor < 0 ? 0 : exampleClass(classTensor, row);
  }

  private int exampleClass(int t, ParsedRow row) throws IOException {
    FittedColumn column = fitted.tensors().get(t).columns().get(0);
    String label = row.categories(t, 0)[0];
    OptionalInt index = tensors.get(t).labels[0].index(label);
    if (index.isEmpty()) {
      throw rows.at(
          "label '%s' in column %s is none of the %d classes %s"
              .formatted(label, column.column(), column.categories().size(), column.categories()));
    }
    return index.getAsInt();
  }

  private float[] weight(int t, ParsedRow row) throws IOException {
    List<FittedColumn> columns = fitted.tensors().get(t).columns();
    double weight = columns.isEmpty() ? 1 : row.numbers(t, 0)[0];
    if (weight < 0 || !Float.isFinite((float) weight)) {
      throw rows.at(
          "weight %s in column %s is not a number >= 0 of float32"
              .formatted(weight, columns.get(0).column()));
    }
    if (!fitted.classWeights().isEmpty()) {
      weight *= fitted.classWeights().get(exampleClass(row));
    }
    return new float[] {(float) weight};
  }

  /** Row-major {@code [elements]}, or {@code [elements, steps]} padded with zeros. */
  private float[] numbers(int t, ParsedRow row) throws IOException {
    FittedTensor tensor = fitted.tensors().get(t);
    int steps = Math.max(1, tensor.steps());
    float[] values = new float[tensors.get(t).elements * steps];
    int element = 0;
    for (int c = 0; c < tensor.columns().size(); c++) {
      FittedColumn column = tensor.columns().get(c);
      int length = row.length(t, c);
      int expected = tensor.steps() > 0 ? length : column.width();
      boolean padded = tensor.masked() == FittedTensor.Masked.YES && length <= tensor.steps();
      if (length != expected || (tensor.steps() > 0 && length != tensor.steps() && !padded)) {
        throw rows.at(
            "column %s holds %d values, not %d"
                .formatted(column.column(), length, Math.max(tensor.steps(), column.width())));
      }
      for (int i = 0; i < length; i++) {
        // Of an array that is no sequence, each value is an element of its own.
        int to = tensor.steps() > 0 ? element * steps + i : element + i;
        if (column.transform() == ColumnTransform.ONE_HOT) {
          int category = category(t, c, row.categories(t, c)[i]);
          values[tensor.steps() > 0 ? (element + category) * steps + i : element + category] = 1;
        } else {
          values[to] = scaled(t, c, tensor.steps() > 0 ? 0 : i, row.numbers(t, c)[i]);
        }
      }
      element += column.elements();
    }
    return values;
  }

  private float scaled(int t, int c, int i, double number) throws IOException {
    Columns of = tensors.get(t);
    double filled = of.fill[c].length == 0 ? 0 : of.fill[c][i];
    double known = Double.isNaN(number) ? filled : number;
    if (!Float.isFinite((float) known)) {
      throw rows.at(
          "'%s' in column %s is too large for float32"
              .formatted(number, fitted.tensors().get(t).columns().get(c).column()));
    }
    double divisor = of.divisor[c][i];
    return divisor == 0 ? 0 : (float) ((known - of.shift[c][i]) / divisor);
  }

  private int category(int t, int c, String value) throws IOException {
    FittedColumn column = fitted.tensors().get(t).columns().get(c);
    OptionalInt index = tensors.get(t).labels[c].index(value == null ? "" : value);
    if (index.isEmpty()) {
      throw rows.at(
          value == null
              ? "column %s is empty, which no row was that the categories %s were found in"
                  .formatted(column.column(), column.categories())
              : "'%s' in column %s is none of the %d categories %s"
                  .formatted(
                      value, column.column(), column.categories().size(), column.categories()));
    }
    return index.getAsInt();
  }

  /** A tensor's columns, ready for use row by row. */
  private static final class Columns {
    private final ClassLabels[] labels;
    private final double[][] shift;
    private final double[][] divisor;
    private final double[][] fill;
    private final int elements;

    Columns(FittedTensor tensor) {
      int n = tensor.columns().size();
      labels = new ClassLabels[n];
      shift = new double[n][];
      divisor = new double[n][];
      fill = new double[n][];
      for (int c = 0; c < n; c++) {
        FittedColumn column = tensor.columns().get(c);
        labels[c] = ClassLabels.given(column.categories());
        shift[c] = numbers(column.shift());
        divisor[c] = numbers(column.divisor());
        fill[c] = numbers(column.fill());
      }
      elements = tensor.columns().stream().mapToInt(FittedColumn::elements).sum();
    }

    private static double[] numbers(List<Double> list) {
      return list.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }
}
