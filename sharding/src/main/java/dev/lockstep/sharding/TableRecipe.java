package dev.lockstep.sharding;

import dev.lockstep.sharding.FittedTransform.TimeWindow;
import dev.lockstep.sharding.TensorSpec.Role;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How the columns of a table are to become tensors, declared once. What has to be learned from the
 * data (categories, means and deviations, the longest sequence) is fitted by Spark when the data
 * are sharded: numbers on the training split, names of categories on all of it. Crosses from driver
 * to executors.
 *
 * @param tensors in the order of a model's inputs and outputs; a tensor of weights is optional
 * @param missing what becomes of missing values; null fails
 * @param classWeights how much examples of each class count; null for all the same
 * @param window for time series: how rows become examples; null where each row is one. Columns of
 *     labels and weights are taken from one row, those of features become sequences
 */
public record TableRecipe(
    List<TensorRecipe> tensors, MissingValues missing, ClassWeights classWeights, TimeWindow window)
    implements Serializable {

  /** Name of the tensor of weights that class weights make where no column does. */
  public static final String WEIGHTS = "weights";

  /** Checks what belongs together. */
  public TableRecipe {
    tensors = List.copyOf(tensors);
    missing = missing == null ? MissingValues.FAIL : missing;
    classWeights = classWeights == null ? ClassWeights.NONE : classWeights;
    Set<String> names = new LinkedHashSet<>();
    for (TensorRecipe tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException("two tensors are named " + tensor.name());
      }
    }
    if (tensors.stream().noneMatch(t -> t.role() == Role.FEATURES)) {
      throw new IllegalArgumentException("tensors=" + names + " hold no features");
    }
    if (window != null && tensors.stream().anyMatch(TensorRecipe::isSequence)) {
      throw new IllegalArgumentException(
          "window=%s beside tensors that are sequences already: give one of the two"
              .formatted(window));
    }
    if (tensors.stream().filter(t -> t.role() == Role.WEIGHTS).count() > 1) {
      throw new IllegalArgumentException("several tensors of weights: give one");
    }
  }

  /** Tensors of rows, where nothing is missing and all examples count the same. */
  public static TableRecipe of(TensorRecipe... tensors) {
    return new TableRecipe(List.of(tensors), null, null, null);
  }

  /** How other data are to be read for a fitted transform. */
  public static TableRecipe of(FittedTransform fitted) {
    List<TensorRecipe> tensors = new ArrayList<>();
    boolean fills = false;
    for (FittedTensor tensor : fitted.tensors()) {
      List<ColumnRecipe> columns = new ArrayList<>();
      for (FittedColumn column : tensor.columns()) {
        columns.add(new ColumnRecipe(column.column(), column.transform(), column.categories()));
        // An empty category can only have been found where gaps were filled.
        fills |=
            !column.fill().isEmpty()
                || (column.transform() == ColumnTransform.ONE_HOT
                    && column.categories().contains(""));
      }
      if (!columns.isEmpty()) {
        int steps = fitted.window() == null ? tensor.steps() : TensorRecipe.NO_SEQUENCE;
        tensors.add(new TensorRecipe(tensor.tensor(), tensor.role(), columns, steps));
      }
    }
    // What fills a gap is in the fitted transform.
    MissingValues missing =
        fills ? new MissingValues(MissingValues.Policy.VALUE, 0) : MissingValues.FAIL;
    return new TableRecipe(tensors, missing, null, fitted.window());
  }

  /** The same with another answer to missing values. */
  public TableRecipe missing(MissingValues other) {
    return new TableRecipe(tensors, other, classWeights, window);
  }

  /** The same with other class weights. */
  public TableRecipe classWeights(ClassWeights other) {
    return new TableRecipe(tensors, missing, other, window);
  }

  /** The same over windows of a time series. */
  public TableRecipe window(TimeWindow other) {
    return new TableRecipe(tensors, missing, classWeights, other);
  }

  /** Names of the table's columns that are read, each once, in the order of the tensors. */
  public List<String> columns() {
    Set<String> columns = new LinkedHashSet<>();
    for (TensorRecipe tensor : tensors) {
      tensor.columns().forEach(column -> columns.add(column.column()));
    }
    if (window != null && !window.series().isEmpty()) {
      columns.add(window.series());
    }
    return List.copyOf(columns);
  }
}
