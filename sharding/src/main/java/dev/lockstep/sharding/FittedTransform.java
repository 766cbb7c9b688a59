package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How the columns of a table became the tensors of a dataset, with the numbers that were fitted on
 * its training split: what it takes to do the same to other data for the same model. Crosses from
 * driver to executors.
 *
 * @param tensors in the dataset's order, masks left out
 * @param classWeights by index of the first class labels: what an example's weight is multiplied
 *     by; empty for none
 * @param window how rows of time series become examples, or null where each row is one
 */
public record FittedTransform(
    List<FittedTensor> tensors, List<Double> classWeights, TimeWindow window)
    implements Serializable {

  /** Checks the names. */
  public FittedTransform {
    tensors = List.copyOf(tensors);
    classWeights = List.copyOf(classWeights);
    if (tensors.stream().map(FittedTensor::tensor).distinct().count() != tensors.size()) {
      throw new IllegalArgumentException(
          "tensors %s: a name is used twice"
              .formatted(tensors.stream().map(FittedTensor::tensor).toList()));
    }
  }

  /** The dataset's tensors; the mask of a tensor follows it. */
  public List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    for (FittedTensor tensor : tensors) {
      specs.add(tensor.spec());
      if (tensor.masked() == FittedTensor.Masked.YES) {
        specs.add(tensor.maskSpec());
      }
    }
    return specs;
  }

  /** Names of the classes, by tensor of class indices. */
  public Map<String, List<String>> classes() {
    Map<String, List<String>> classes = new LinkedHashMap<>();
    for (FittedTensor tensor : tensors) {
      if (tensor.isClass()) {
        classes.put(tensor.tensor(), tensor.columns().get(0).categories());
      }
    }
    return classes;
  }

  /** The same without weights: for scoring, where every example counts once. */
  public FittedTransform unweighted() {
    return new FittedTransform(
        tensors.stream().filter(t -> t.role() != TensorSpec.Role.WEIGHTS).toList(),
        List.of(),
        window);
  }

  /**
   * Windows over the rows of time series.
   *
   * @param steps rows of a window, at least 1
   * @param stride rows from the start of one window to the start of the next, at least 1
   * @param horizon rows from the last one of a window to the one that holds its labels, at least 0
   * @param series column whose value names the series: a window never spans two; "" for one series
   */
  public record TimeWindow(int steps, int stride, int horizon, String series)
      implements Serializable {

    /** Checks the ranges. */
    public TimeWindow {
      Objects.requireNonNull(series, "series");
      if (steps < 1 || stride < 1 || horizon < 0) {
        throw new IllegalArgumentException(
            "window steps=%d stride=%d horizon=%d must be >= 1, >= 1 and >= 0"
                .formatted(steps, stride, horizon));
      }
    }
  }
}
