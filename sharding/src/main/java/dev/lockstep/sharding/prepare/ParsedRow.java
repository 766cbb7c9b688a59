package dev.lockstep.sharding.prepare;

/**
 * The values of a row that a recipe asks for: by tensor and column a {@code double[]} (NaN where
 * missing) or, for categories, a {@code String[]} (null where missing); one element, or one per
 * element of an array. Not kept beyond the row after it.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ParsedRow(Object[][] cells) {

  public double[] numbers(int tensor, int column) {
    return (double[]) cells[tensor][column];
  }

  String[] categories(int tensor, int column) {
    return (String[]) cells[tensor][column];
  }

  /** Values that a column has: of a sequence, its length. */
  int length(int tensor, int column) {
    return cells[tensor][column] instanceof double[] numbers
        ? numbers.length
        : categories(tensor, column).length;
  }
}
