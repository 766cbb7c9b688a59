package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Treatment;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * What a first look at all rows of a table tells: categories, widths of arrays, lengths of
 * sequences. The same in whatever order rows come. Filled in executors, joined on the driver.
 */
final class Survey implements Serializable {

  private static final long serialVersionUID = 1;

  /** More distinct categories than this are taken for a mistake. */
  private static final int MAX_CATEGORIES = 10_000;

  private final Recipe recipe;
  private long rows;

  /** By tensor and column: values of an array that is no sequence; 0 before the first row. */
  private final int[][] widths;

  /** By tensor: of its sequences. */
  private final int[] shortest;

  private final int[] longest;
  private final ArrayList<ArrayList<TreeSet<String>>> categories = new ArrayList<>();

  Survey(Recipe recipe) {
    this.recipe = recipe;
    int tensors = recipe.tensors().size();
    widths = new int[tensors][];
    shortest = new int[tensors];
    longest = new int[tensors];
    for (int t = 0; t < tensors; t++) {
      int columns = recipe.tensors().get(t).columns().size();
      widths[t] = new int[columns];
      shortest[t] = Integer.MAX_VALUE;
      categories.add(new ArrayList<>());
      for (int c = 0; c < columns; c++) {
        categories.get(t).add(new TreeSet<>());
      }
    }
  }

  /**
   * Adds a row.
   *
   * @param from where it came from, for errors
   */
  void add(ParsedRow row, ParsedRows from) throws IOException {
    rows++;
    for (int t = 0; t < widths.length; t++) {
      TensorRecipe tensor = recipe.tensors().get(t);
      if (tensor.isSequence()) {
        shortest[t] = Math.min(shortest[t], row.length(t, 0));
        longest[t] = Math.max(longest[t], row.length(t, 0));
      }
      for (int c = 0; c < widths[t].length; c++) {
        ColumnRecipe column = tensor.columns().get(c);
        if (!tensor.isSequence()) {
          int width = row.length(t, c);
          if (widths[t][c] != 0 && widths[t][c] != width) {
            throw from.at(
                "column %s holds %d values, other rows %d: give all the same, or make tensor %s a sequence"
                    .formatted(column.column(), width, widths[t][c], tensor.name()));
          }
          widths[t][c] = width;
        }
        if (column.treatment().isCategory() && column.categories().isEmpty()) {
          add(t, c, row.categories(t, c));
        }
      }
    }
  }

  private void add(int t, int c, String[] found) throws InvalidDataException {
    TreeSet<String> known = categories.get(t).get(c);
    for (String category : found) {
      known.add(category == null ? "" : category);
    }
    refuseTooMany(t, c);
  }

  private void refuseTooMany(int t, int c) throws InvalidDataException {
    ColumnRecipe column = recipe.tensors().get(t).columns().get(c);
    if (categories.get(t).get(c).size() > MAX_CATEGORIES) {
      throw new InvalidDataException(
          column.treatment() == Treatment.CLASS
              ? "column %s has more than %d different labels: is it a number to predict (regression)?"
                  .formatted(column.column(), MAX_CATEGORIES)
              : "column %s has more than %d different categories: is it a number?"
                  .formatted(column.column(), MAX_CATEGORIES));
    }
  }

  /** Adds what was learned from other rows. */
  void add(Survey other) throws InvalidDataException {
    rows += other.rows;
    for (int t = 0; t < widths.length; t++) {
      shortest[t] = Math.min(shortest[t], other.shortest[t]);
      longest[t] = Math.max(longest[t], other.longest[t]);
      for (int c = 0; c < widths[t].length; c++) {
        int width = other.widths[t][c];
        if (widths[t][c] != 0 && width != 0 && widths[t][c] != width) {
          throw new InvalidDataException(
              "column %s holds %d values in some rows, %d in others: give all the same, or make tensor %s a sequence"
                  .formatted(
                      recipe.tensors().get(t).columns().get(c).column(),
                      widths[t][c],
                      width,
                      recipe.tensors().get(t).name()));
        }
        widths[t][c] = Math.max(widths[t][c], width);
        categories.get(t).get(c).addAll(other.categories.get(t).get(c));
        refuseTooMany(t, c);
      }
    }
  }

  long rows() {
    return rows;
  }

  int width(int tensor, int column) {
    return Math.max(1, widths[tensor][column]);
  }

  int longest(int tensor) {
    return longest[tensor];
  }

  /** Whether all sequences of a tensor have this length. */
  boolean allHave(int tensor, int steps) {
    return shortest[tensor] == steps && longest[tensor] == steps;
  }

  /** The categories of a column, in the order of their indices. */
  List<String> categories(int tensor, int column) {
    List<String> given = recipe.tensors().get(tensor).columns().get(column).categories();
    Collection<String> found = categories.get(tensor).get(column);
    return given.isEmpty() ? ClassLabels.sorted(found).names() : given;
  }
}
