package dev.lockstep.trainer.report.page;

/**
 * An interval of an axis, in the axis's unit.
 *
 * @param from finite, its lower end
 * @param to finite, above {@code from}
 */
public record Range(double from, double to) {

  /** Checks the order. */
  public Range {
    if (!Double.isFinite(from) || !Double.isFinite(to) || from >= to) {
      throw new IllegalArgumentException(
          "range from=%s to=%s: give finite values with from < to".formatted(from, to));
    }
  }

  /** The value at {@code index} of {@code count} evenly spaced ones, both ends included. */
  public double at(int index, int count) {
    return index == count - 1 ? to : from + (to - from) * index / (count - 1);
  }
}
