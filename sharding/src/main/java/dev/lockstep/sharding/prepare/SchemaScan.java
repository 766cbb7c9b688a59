package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * What a first look at all rows of a table tells: categories, widths of arrays, lengths of
 * sequences. The same in whatever order rows come. Filled in executors, joined on the driver.
 */
public final class SchemaScan implements Serializable {

  private static final long serialVersionUID = 1;

  /** More distinct categories than this are taken for a mistake. */
  private static final int MAX_CATEGORIES = 10_000;

  private final TableRecipe recipe;
  private long rows;

  /** By tensor and column: most and fewest values of an array that is no sequence. */
  private final int[][] widths;

  private final int[][] narrowest;

  /** By tensor: of its sequences. */
  private final int[] shortest;

  private final int[] longest;
  private final ArrayList<ArrayList<TreeSet<String>>> categories = new ArrayList<>();

  public SchemaScan(TableRecipe recipe) {
    this.recipe = recipe;
    int tensors = recipe.tensors().size();
    widths = new int[tensors][];
    narrowest = new int[tensors][];
    shortest = new int[tensors];
    longest = new int[tensors];
    for (int t = 0; t < tensors; t++) {
      int columns = recipe.tensors().get(t).columns().size();
      widths[t] = new int[columns];
      narrowest[t] = new int[columns];
      Arrays.fill(narrowest[t], Integer.MAX_VALUE);
      shortest[t] = Integer.MAX_VALUE;
      categories.add(new ArrayList<>());
      for (int c = 0; c < columns; c++) {
        categories.get(t).add(new TreeSet<>());
      }
    }
  }

  /** Adds a row. */
  public void add(ParsedRow row) throws IOException {
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
          widths[t][c] = Math.max(widths[t][c], row.length(t, c));
          narrowest[t][c] = Math.min(narrowest[t][c], row.length(t, c));
        }
        if (column.transform().isCategory() && column.categories().isEmpty()) {
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
          column.transform() == ColumnTransform.CLASS
              ? "column %s has more than %d different labels: is it a number to predict (regression)?"
                  .formatted(column.column(), MAX_CATEGORIES)
              : "column %s has more than %d different categories: is it a number?"
                  .formatted(column.column(), MAX_CATEGORIES));
    }
  }

  /** Adds what was learned from other rows. */
  public void add(SchemaScan other) throws InvalidDataException {
    rows += other.rows;
    for (int t = 0; t < widths.length; t++) {
      shortest[t] = Math.min(shortest[t], other.shortest[t]);
      longest[t] = Math.max(longest[t], other.longest[t]);
      for (int c = 0; c < widths[t].length; c++) {
        widths[t][c] = Math.max(widths[t][c], other.widths[t][c]);
        narrowest[t][c] = Math.min(narrowest[t][c], other.narrowest[t][c]);
        categories.get(t).get(c).addAll(other.categories.get(t).get(c));
        refuseTooMany(t, c);
      }
    }
  }

  /**
   * Checks, over all rows, that arrays which are no sequences have one width.
   *
   * @throws InvalidDataException naming the first column whose arrays differ
   */
  public void requireEqualWidths() throws InvalidDataException {
    for (int t = 0; t < widths.length; t++) {
      for (int c = 0; c < widths[t].length; c++) {
        if (widths[t][c] != 0 && widths[t][c] != narrowest[t][c]) {
          throw new InvalidDataException(
              "column %s holds %d values in some rows, %d in others: give all the same, or make tensor %s a sequence"
                  .formatted(
                      recipe.tensors().get(t).columns().get(c).column(),
                      narrowest[t][c],
                      widths[t][c],
                      recipe.tensors().get(t).name()));
        }
      }
    }
  }

  public long rows() {
    return rows;
  }

  public int width(int tensor, int column) {
    return Math.max(1, widths[tensor][column]);
  }

  public int longest(int tensor) {
    return longest[tensor];
  }

  /** Whether all sequences of a tensor have this length. */
  public boolean allHave(int tensor, int steps) {
    return shortest[tensor] == steps && longest[tensor] == steps;
  }

  /** The categories of a column, in the order of their indices. */
  public List<String> categories(int tensor, int column) {
    List<String> given = recipe.tensors().get(tensor).columns().get(column).categories();
    Collection<String> found = categories.get(tensor).get(column);
    return given.isEmpty() ? ClassLabels.sorted(found).names() : given;
  }
}
