package dev.lockstep.trainer.report;

import java.util.List;
import java.util.Objects;

/**
 * Points of one colour in a chart.
 *
 * @param name in the legend
 * @param points in the order they are joined; those that are not finite are left out
 */
public record Series(String name, List<Point> points) {

  /** Copies the list. */
  public Series {
    Objects.requireNonNull(name, "name");
    points = List.copyOf(points);
  }

  /** One point. */
  public record Point(double x, double y) {}
}
