package dev.lockstep.sharding;

import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What the values of one tensor are like in one split of a dataset, as they are stored: after any
 * scaling. For people to read; nothing is computed from it. Crosses from driver to executors.
 *
 * @param tensor its name
 * @param split of the dataset
 * @param examples number of examples
 * @param min smallest value; 0 for class indices
 * @param max largest value; 0 for class indices
 * @param mean of all values of all examples; 0 for class indices
 * @param deviation standard deviation of all values of all examples; 0 for class indices
 * @param classCounts examples of each class, by index; empty for numbers
 */
public record TensorStatistics(
    String tensor,
    Split split,
    long examples,
    double min,
    double max,
    double mean,
    double deviation,
    List<Long> classCounts)
    implements Serializable {

  /** Copies the counts. */
  public TensorStatistics {
    Objects.requireNonNull(tensor, "tensor");
    Objects.requireNonNull(split, "split");
    classCounts = List.copyOf(classCounts);
  }
}
