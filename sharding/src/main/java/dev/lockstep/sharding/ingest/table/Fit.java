package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTensor;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.ParsedRow;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.spark.util.StatCounter;

/**
 * Numbers learned from the training rows of a table: mean, deviation, minimum and maximum of every
 * column of numbers, by Spark's own {@link StatCounter}; and examples of each class. Filled in
 * executors; joined on the driver in the order of the data shards, since sums of floating-point
 * numbers depend on their order (Spark ML's own fitting joins them as tasks happen to end).
 */
final class Fit implements Serializable {

  private static final long serialVersionUID = 1;

  /** By tensor, column and element; over all time steps of a sequence. */
  private final StatCounter[][][] counters;

  private final long[] classCounts;

  /**
   * Nothing learned yet.
   *
   * @param classes number of classes of the first class labels, or 0
   */
  Fit(List<FittedTensor> tensors, int classes) {
    counters = new StatCounter[tensors.size()][][];
    for (int t = 0; t < counters.length; t++) {
      List<FittedColumn> columns = tensors.get(t).columns();
      counters[t] = new StatCounter[columns.size()][];
      for (int c = 0; c < counters[t].length; c++) {
        boolean numbers = !columns.get(c).transform().isCategory();
        counters[t][c] = new StatCounter[numbers ? columns.get(c).width() : 0];
        for (int i = 0; i < counters[t][c].length; i++) {
          counters[t][c][i] = new StatCounter();
        }
      }
    }
    classCounts = new long[classes];
  }

  /** Adds a training row of a class; missing values do not count. */
  void add(ParsedRow row, int exampleClass) {
    for (int t = 0; t < counters.length; t++) {
      for (int c = 0; c < counters[t].length; c++) {
        int width = counters[t][c].length;
        if (width > 0) {
          double[] numbers = row.numbers(t, c);
          for (int i = 0; i < numbers.length; i++) {
            if (!Double.isNaN(numbers[i])) {
              counters[t][c][i % width].merge(numbers[i]);
            }
          }
        }
      }
    }
    if (classCounts.length > 0) {
      classCounts[exampleClass]++;
    }
  }

  /** Adds what was learned from the rows that come after. */
  void add(Fit after) {
    for (int t = 0; t < counters.length; t++) {
      for (int c = 0; c < counters[t].length; c++) {
        for (int i = 0; i < counters[t][c].length; i++) {
          counters[t][c][i].merge(after.counters[t][c][i]);
        }
      }
    }
    for (int c = 0; c < classCounts.length; c++) {
      classCounts[c] += after.classCounts[c];
    }
  }

  /** Training examples of each class. */
  long[] classCounts() {
    return classCounts;
  }

  /**
   * A column with the numbers that its transform asks for.
   *
   * @throws InvalidDataException if the training split has no value of it
   */
  FittedColumn fitted(int t, int c, FittedColumn column, MissingValues missing)
      throws InvalidDataException {
    if (column.transform().isCategory()) {
      return column;
    }
    StatCounter[] stats = counters[t][c];
    boolean needed =
        isNeededFor(column.transform()) || missing.policy() == MissingValues.Policy.MEAN;
    for (StatCounter each : stats) {
      if (needed && each.count() == 0) {
        throw new InvalidDataException(
            "column %s has no value in any training row: leave it out".formatted(column.column()));
      }
    }
    List<Double> shift =
        switch (column.transform()) {
          // Joined means of one value may differ from it by rounding.
          case STANDARDIZE ->
              all(stats, each -> each.max() == each.min() ? each.min() : each.mean());
          case MIN_MAX -> all(stats, StatCounter::min);
          default -> column.shift();
        };
    List<Double> divisor =
        switch (column.transform()) {
          case STANDARDIZE -> all(stats, each -> each.max() == each.min() ? 0 : each.sampleStdev());
          case MIN_MAX -> all(stats, each -> each.max() - each.min());
          default -> column.divisor();
        };
    List<Double> fill =
        switch (missing.policy()) {
          case MEAN -> all(stats, StatCounter::mean);
          case VALUE -> all(stats, each -> missing.value());
          default -> List.of();
        };
    return new FittedColumn(
        column.column(), column.transform(), column.width(), List.of(), shift, divisor, fill);
  }

  /** A column of which nothing had to be learned. */
  static FittedColumn filled(FittedColumn column, MissingValues missing) {
    if (column.transform().isCategory() || missing.policy() != MissingValues.Policy.VALUE) {
      return column;
    }
    List<Double> fill = Collections.nCopies(column.width(), missing.value());
    return new FittedColumn(
        column.column(),
        column.transform(),
        column.width(),
        List.of(),
        column.shift(),
        column.divisor(),
        fill);
  }

  private static List<Double> all(StatCounter[] stats, ToDoubleFunction<StatCounter> number) {
    List<Double> numbers = new ArrayList<>();
    for (StatCounter each : stats) {
      numbers.add(number.applyAsDouble(each));
    }
    return numbers;
  }

  /** Whether a column of this transform has numbers to learn. */
  static boolean isNeededFor(ColumnTransform transform) {
    return transform == ColumnTransform.STANDARDIZE || transform == ColumnTransform.MIN_MAX;
  }
}
