package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What is to be made of one column. Crosses from driver to executors.
 *
 * @param column its name; in files without names its index from 0
 * @param transform what is done
 * @param categories for categories and classes, their names in the order of their indices; empty
 *     takes those found in the data, sorted, as numbers when all are integers
 */
public record ColumnRecipe(String column, ColumnTransform transform, List<String> categories)
    implements Serializable {

  /** Checks the categories. */
  public ColumnRecipe {
    Objects.requireNonNull(transform, "transform");
    categories = categories == null ? List.of() : List.copyOf(categories);
    if (column == null || column.isEmpty()) {
      throw new IllegalArgumentException("a column of the recipe has no name");
    }
    if (!categories.isEmpty() && !transform.isCategory()) {
      throw new IllegalArgumentException(
          "column %s: %d categories for transform=%s: they belong to ONE_HOT or CLASS"
              .formatted(column, categories.size(), transform));
    }
    if (categories.stream().distinct().count() != categories.size()) {
      throw new IllegalArgumentException(
          "column %s: categories=%s names one of them twice".formatted(column, categories));
    }
  }

  /** A column whose categories, if it has any, are found in the data. */
  public static ColumnRecipe of(String column, ColumnTransform transform) {
    return new ColumnRecipe(column, transform, List.of());
  }
}
