package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;

/**
 * Reads rows as a recipe asks for them. {@code next()} throws for a bad row as {@link Rows} do, and
 * a {@link LeftOutException} for one that misses a value where the recipe leaves such rows out.
 * Lives in an executor.
 */
public final class ParsedRows implements Iterator<ParsedRow> {

  private final Rows rows;
  private final TableRecipe recipe;

  /** Place of each column of the recipe in a row. */
  private final int[][] places;

  /**
   * Over the rows of a partition.
   *
   * @param columns names of a row's values
   */
  public ParsedRows(Rows rows, List<String> columns, TableRecipe recipe) {
    this.rows = rows;
    this.recipe = recipe;
    places = new int[recipe.tensors().size()][];
    for (int t = 0; t < places.length; t++) {
      places[t] =
          recipe.tensors().get(t).columns().stream()
              .mapToInt(column -> columns.indexOf(column.column()))
              .toArray();
    }
  }

  /** An error about the row returned last. */
  InvalidDataException at(String problem) throws IOException {
    return new InvalidDataException(rows.where() + ": " + problem);
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public ParsedRow next() {
    try {
      return parse(rows.next());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ParsedRow parse(Object[] row) throws IOException {
    Object[][] cells = new Object[places.length][];
    for (int t = 0; t < places.length; t++) {
      TensorRecipe tensor = recipe.tensors().get(t);
      cells[t] = new Object[places[t].length];
      for (int c = 0; c < places[t].length; c++) {
        ColumnRecipe column = tensor.columns().get(c);
        Object value = row[places[t][c]];
        Object[] values = value instanceof Object[] array ? array : new Object[] {value};
        if (value instanceof Object[] array && array.length == 0) {
          throw at("%s holds an empty array".formatted(name(column)));
        }
        cells[t][c] =
            column.transform().isCategory()
                ? categories(tensor, column, values)
                : numbers(tensor, column, values);
      }
      if (tensor.isSequence()) {
        requireSameLengths(tensor, new ParsedRow(cells), t);
      }
    }
    return new ParsedRow(cells);
  }

  private void requireSameLengths(TensorRecipe tensor, ParsedRow row, int t) throws IOException {
    int length = row.length(t, 0);
    for (int c = 1; c < tensor.columns().size(); c++) {
      if (row.length(t, c) != length) {
        throw at(
            "%s has %d time steps, %s of the same tensor %s has %d"
                .formatted(
                    name(tensor.columns().get(c)),
                    row.length(t, c),
                    name(tensor.columns().get(0)),
                    tensor.name(),
                    length));
      }
    }
    if (tensor.steps() > 0 && length > tensor.steps()) {
      throw at(
          "%s has %d time steps > steps=%d of tensor %s: cut it, or raise steps"
              .formatted(name(tensor.columns().get(0)), length, tensor.steps(), tensor.name()));
    }
  }

  private double[] numbers(TensorRecipe tensor, ColumnRecipe column, Object[] values)
      throws IOException {
    double[] numbers = new double[values.length];
    for (int i = 0; i < numbers.length; i++) {
      if (isMissing(values[i])) {
        refuseUnlessFilled(tensor, column);
        numbers[i] = Double.NaN;
      } else {
        numbers[i] = number(column, values[i]);
      }
    }
    return numbers;
  }

  private double number(ColumnRecipe column, Object value) throws IOException {
    double number;
    if (value instanceof Number known) {
      number = known.doubleValue();
    } else if (value instanceof Boolean known) {
      number = known ? 1 : 0;
    } else {
      String text = value.toString().strip();
      try {
        number = DecimalText.parse(text);
      } catch (NumberFormatException e) {
        throw at("'%s' in %s is no number".formatted(text, name(column)));
      }
    }
    if (!Double.isFinite(number)) {
      throw at(
          "'%s' in %s is not a finite number: replace it or drop the row"
              .formatted(value, name(column)));
    }
    return number;
  }

  private String[] categories(TensorRecipe tensor, ColumnRecipe column, Object[] values)
      throws IOException {
    if (column.transform() == ColumnTransform.CLASS && values.length != 1) {
      throw at("%s holds %d values, a class is one".formatted(name(column), values.length));
    }
    String[] categories = new String[values.length];
    for (int i = 0; i < categories.length; i++) {
      if (isMissing(values[i])) {
        refuseUnlessFilled(tensor, column);
      } else {
        categories[i] = text(values[i]);
      }
    }
    return categories;
  }

  private static boolean isMissing(Object value) {
    return value == null || (value instanceof String text && text.isBlank());
  }

  /** Throws unless something takes the place of a value that is missing. */
  private void refuseUnlessFilled(TensorRecipe tensor, ColumnRecipe column) throws IOException {
    if (tensor.role() == Role.FEATURES && recipe.missing().fills()) {
      return;
    }
    String problem =
        tensor.role() == Role.LABELS && column.transform().isCategory()
            ? "the label in %s is empty".formatted(name(column))
            : "%s is empty: fill in a number or drop the row".formatted(name(column));
    if (recipe.missing().policy() == MissingValues.Policy.SKIP) {
      throw new LeftOutException(rows.where() + ": " + problem);
    }
    throw at(problem);
  }

  /** A whole number is one category however it is written. */
  private static String text(Object value) {
    if (value instanceof Number number
        && number.doubleValue() == Math.rint(number.doubleValue())
        && Math.abs(number.doubleValue()) < 1L << 53) {
      return String.valueOf(number.longValue());
    }
    return value.toString().strip();
  }

  private String name(ColumnRecipe column) {
    return "column " + column.column();
  }
}
