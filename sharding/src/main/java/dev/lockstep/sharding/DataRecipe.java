package dev.lockstep.sharding;

import java.io.Serializable;

/**
 * How raw data became the tensors of a dataset: what is needed to make the same tensors of other
 * data for the same model. A table has columns and a fitted transform, other formats have reader
 * options. Crosses from driver to executors.
 *
 * @param columns as they were declared; null for data that are no table
 * @param fitted what the declared columns became, with the numbers and categories that were found;
 *     null for data that are no table
 * @param reader how data without columns were read, with sizes and classes as they were found; null
 *     for tables, and for examples that a program made
 */
public record DataRecipe(TableRecipe columns, FittedTransform fitted, ReaderOptions reader)
    implements Serializable {

  /** Nothing is known: a program made the examples, or the format has no options. */
  public static final DataRecipe NONE = new DataRecipe(null, null, null);

  /** Checks what belongs together. */
  public DataRecipe {
    if ((columns == null) != (fitted == null)) {
      throw new IllegalArgumentException(
          "recipe columns=%s fitted=%s: give both, or neither".formatted(columns, fitted));
    }
    if (columns != null && reader != null) {
      throw new IllegalArgumentException(
          "recipe columns=%s reader=%s: give one of the two".formatted(columns, reader));
    }
  }

  /** The recipe of a table. */
  public static DataRecipe of(TableRecipe columns, FittedTransform fitted) {
    return new DataRecipe(columns, fitted, null);
  }

  /** The recipe of data without columns. */
  public static DataRecipe of(ReaderOptions reader) {
    return new DataRecipe(null, null, reader);
  }
}
