package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What one column of a table becomes, fitted. Crosses from driver to executors.
 *
 * <p>A number x becomes (x - shift) / divisor in float64, then float32; a divisor of 0, of a column
 * that is constant, makes it 0. For {@link ColumnTransform#STANDARDIZE} shift and divisor are mean
 * and sample standard deviation, for {@link ColumnTransform#MIN_MAX} minimum and range.
 *
 * @param column its name
 * @param transform what is done
 * @param width numbers that a value has: 1, or the length of an array
 * @param categories for categories and classes: their names, by index
 * @param shift for numbers: {@code width} of them
 * @param divisor for numbers: {@code width} of them
 * @param fill for numbers, what takes the place of a missing value, before scaling: {@code width}
 *     of them, or none where values must not be missing
 */
public record FittedColumn(
    String column,
    ColumnTransform transform,
    int width,
    List<String> categories,
    List<Double> shift,
    List<Double> divisor,
    List<Double> fill)
    implements Serializable {

  /** Checks the lengths. */
  public FittedColumn {
    Objects.requireNonNull(column, "column");
    Objects.requireNonNull(transform, "transform");
    categories = List.copyOf(categories);
    shift = List.copyOf(shift);
    divisor = List.copyOf(divisor);
    fill = List.copyOf(fill);
    int numbers = transform.isCategory() ? 0 : width;
    if (width < 1
        || shift.size() != numbers
        || divisor.size() != numbers
        || !(fill.isEmpty() || fill.size() == numbers)) {
      throw new IllegalArgumentException(
          "column %s: shift=%d divisor=%d fill=%d do not fit width=%d of %s"
              .formatted(column, shift.size(), divisor.size(), fill.size(), width, transform));
    }
  }

  /** Numbers that it contributes to an example, or to one time step of a sequence. */
  public int elements() {
    return transform == ColumnTransform.ONE_HOT ? categories.size() : width;
  }
}
