package dev.lockstep.sharding;

import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * The values of one tensor in one split of a dataset, as they are stored: after any scaling. For
 * people to read; nothing is computed from it. Crosses from executors to the driver.
 *
 * @param tensor its name
 * @param split of the dataset
 * @param examples number of examples
 * @param numbers of all values of all examples; zeros for class indices
 * @param classCounts examples of each class, by index; empty for numbers
 */
public record TensorStatistics(
    String tensor, Split split, long examples, Numbers numbers, List<Long> classCounts)
    implements Serializable {

  /** Copies the counts. */
  public TensorStatistics {
    Objects.requireNonNull(tensor, "tensor");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(numbers, "numbers");
    classCounts = List.copyOf(classCounts);
  }

  /**
   * Numbers in summary.
   *
   * @param min smallest value
   * @param max largest value
   * @param mean of the values
   * @param deviation standard deviation of the values
   */
  public record Numbers(double min, double max, double mean, double deviation)
      implements Serializable {

    /** Of a tensor without numbers. */
    public static final Numbers NONE = new Numbers(0, 0, 0, 0);
  }
}
