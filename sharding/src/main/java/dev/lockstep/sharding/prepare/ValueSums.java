package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.TensorStatistics.Numbers;
import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sums over the values of examples, from which statistics are made. Filled in an executor, joined
 * on the driver in the order of the data.
 */
public final class ValueSums implements Serializable {

  private static final long serialVersionUID = 1;

  private final ArrayList<TensorSpec> tensors;
  private long examples;
  private final double[] sums;
  private final double[] squares;
  private final float[] smallest;
  private final float[] largest;

  /** By tensor; empty for those of numbers. */
  private final long[][] classCounts;

  public ValueSums(List<TensorSpec> tensors) {
    this.tensors = new ArrayList<>(tensors);
    sums = new double[tensors.size()];
    squares = new double[tensors.size()];
    smallest = new float[tensors.size()];
    largest = new float[tensors.size()];
    Arrays.fill(smallest, Float.POSITIVE_INFINITY);
    Arrays.fill(largest, Float.NEGATIVE_INFINITY);
    classCounts = new long[tensors.size()][];
    for (int t = 0; t < classCounts.length; t++) {
      TensorSpec tensor = tensors.get(t);
      boolean classes = tensor.encoding() == TensorSpec.Encoding.CLASS_INDEX;
      classCounts[t] = new long[classes ? tensor.elements() : 0];
    }
  }

  /** Adds an example that has been checked. */
  public void add(Example example) {
    examples++;
    for (int t = 0; t < sums.length; t++) {
      float[] values = example.values().get(t);
      if (classCounts[t].length > 0) {
        classCounts[t][(int) values[0]]++;
        continue;
      }
      double sum = 0;
      double square = 0;
      float low = smallest[t];
      float high = largest[t];
      for (float value : values) {
        sum += value;
        square += (double) value * value;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      sums[t] += sum;
      squares[t] += square;
      smallest[t] = low;
      largest[t] = high;
    }
  }

  /** Adds the sums of examples that come after. */
  public void add(ValueSums after) {
    examples += after.examples;
    for (int t = 0; t < sums.length; t++) {
      sums[t] += after.sums[t];
      squares[t] += after.squares[t];
      smallest[t] = Math.min(smallest[t], after.smallest[t]);
      largest[t] = Math.max(largest[t], after.largest[t]);
      for (int c = 0; c < classCounts[t].length; c++) {
        classCounts[t][c] += after.classCounts[t][c];
      }
    }
  }

  /** What they say, one for each tensor. */
  public List<TensorStatistics> statistics(Split split) {
    List<TensorStatistics> statistics = new ArrayList<>();
    for (int t = 0; t < sums.length; t++) {
      TensorSpec tensor = tensors.get(t);
      if (classCounts[t].length > 0) {
        List<Long> counts = Arrays.stream(classCounts[t]).boxed().toList();
        statistics.add(new TensorStatistics(tensor.name(), split, examples, Numbers.NONE, counts));
      } else {
        double values = (double) examples * tensor.elements();
        double mean = sums[t] / values;
        double deviation = Math.sqrt(Math.max(0, squares[t] / values - mean * mean));
        statistics.add(
            new TensorStatistics(
                tensor.name(),
                split,
                examples,
                new Numbers(smallest[t], largest[t], mean, deviation),
                List.of()));
      }
    }
    return statistics;
  }
}
