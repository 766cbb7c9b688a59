package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.ColumnTransform;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What is to be made of one column. Crosses from driver to executors.
 *
 * @param column its name; in files without names its index from 0
 * @param treatment what is done
 * @param categories for categories and classes, their names in the order of their indices; empty
 *     takes those found in the data, sorted, as numbers when all are integers
 */
public record ColumnRecipe(String column, ColumnTransform treatment, List<String> categories)
    implements Serializable {

  /** Checks the categories. */
  public ColumnRecipe {
    Objects.requireNonNull(treatment, "treatment");
    categories = categories == null ? List.of() : List.copyOf(categories);
    if (column == null || column.isEmpty()) {
      throw new IllegalArgumentException("a column of the recipe has no name");
    }
    if (!categories.isEmpty() && !treatment.isCategory()) {
      throw new IllegalArgumentException(
          "column %s: %d categories for treatment=%s: they belong to ONE_HOT or CLASS"
              .formatted(column, categories.size(), treatment));
    }
    if (categories.stream().distinct().count() != categories.size()) {
      throw new IllegalArgumentException(
          "column %s: categories=%s names one of them twice".formatted(column, categories));
    }
  }

  /** A column whose categories, if it has any, are found in the data. */
  public static ColumnRecipe of(String column, ColumnTransform treatment) {
    return new ColumnRecipe(column, treatment, List.of());
  }
}
