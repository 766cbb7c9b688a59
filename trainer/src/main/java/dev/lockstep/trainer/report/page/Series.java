package dev.lockstep.trainer.report.page;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Points of one color in a chart. Immutable.
 *
 * @param name in the legend
 * @param points in the order they are joined; those that are not finite are left out when drawn
 * @param style how they are drawn
 */
public record Series(String name, @JsonIgnore List<Point> points, Style style) {

  /** How the points of a series are drawn. */
  public enum Style {
    /** As the chart's kind says. */
    AUTOMATIC,
    /** Joined by straight lines, without marks. */
    LINE,
    /**
     * Joined by a dashed line that lies on top of the others and in another tone: it shows even
     * where it coincides with one of them.
     */
    DASHED,
    /** As dots. */
    DOTS,
    /** Joined by a line, with a mark at each point and a larger one at the last. */
    PATH
  }

  /** One point, in the units of the axes. */
  public record Point(double x, double y) {}

  /** Points of a series beyond which neighbors are averaged: more than a screen has columns. */
  private static final int MOST_POINTS = 1_000;

  private static final int POINTS_OF_A_FUNCTION = 200;

  /** Copies the list. */
  public Series {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(style, "style");
    points = List.copyOf(points);
  }

  /** These points, all of them. */
  public static Series of(String name, List<Point> points) {
    return new Series(name, points, Style.AUTOMATIC);
  }

  /**
   * The points (x[i], y[i]), all of them.
   *
   * @throws IllegalArgumentException unless both arrays are equally long
   */
  public static Series of(String name, double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "series %s: x.length=%d != y.length=%d: give one y for each x"
              .formatted(name, x.length, y.length));
    }
    return of(name, IntStream.range(0, x.length).mapToObj(i -> new Point(x[i], y[i])).toList());
  }

  /**
   * One point for each record that has a finite y. Where there are more than a screen shows
   * (1,000), runs of neighbors are replaced by their means.
   *
   * @param records in the order they are joined
   */
  public static <T> Series of(
      String name, List<T> records, ToDoubleFunction<? super T> x, ToDoubleFunction<? super T> y) {
    return of(
        name,
        thinned(
            records.stream()
                .map(record -> new Point(x.applyAsDouble(record), y.applyAsDouble(record)))
                .filter(point -> Double.isFinite(point.y()))
                .toList()));
  }

  /** A value of each epoch over the epoch's number, without those that were not measured. */
  public static Series ofEpochs(
      String name, Metrics metrics, ToDoubleFunction<EpochMetrics> value) {
    return of(name, metrics.epochs(), EpochMetrics::epoch, value);
  }

  /**
   * A value of each step over the step's number, without those that were not measured; long runs
   * are thinned as {@link #of(String, List, ToDoubleFunction, ToDoubleFunction)} does.
   */
  public static Series ofSteps(String name, Metrics metrics, ToDoubleFunction<StepMetrics> value) {
    return of(name, metrics.steps(), StepMetrics::step, value);
  }

  /** The function at 200 evenly spaced points, as a line. */
  public static Series function(String name, DoubleUnaryOperator f, double from, double to) {
    Range range = new Range(from, to);
    return of(
            name,
            IntStream.range(0, POINTS_OF_A_FUNCTION)
                .mapToDouble(i -> range.at(i, POINTS_OF_A_FUNCTION))
                .mapToObj(x -> new Point(x, f.applyAsDouble(x)))
                .toList())
        .withStyle(Style.LINE);
  }

  /** [x, y] of each point that can be drawn. */
  @JsonProperty("coordinates")
  List<double[]> finite() {
    return points.stream()
        .filter(point -> Double.isFinite(point.x()) && Double.isFinite(point.y()))
        .map(point -> new double[] {point.x(), point.y()})
        .toList();
  }

  /** The same points, drawn in another way. */
  public Series withStyle(Style style) {
    return new Series(name, points, style);
  }

  /**
   * Each y replaced by the mean of itself and those before it, {@code window} at most.
   *
   * @throws IllegalArgumentException unless {@code window} is at least 1
   */
  public Series smoothed(int window) {
    if (window < 1) {
      throw new IllegalArgumentException(
          "series %s: window=%d: must be >= 1".formatted(name, window));
    }
    List<Point> means = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      List<Point> some = points.subList(Math.max(0, i + 1 - window), i + 1);
      means.add(new Point(points.get(i).x(), mean(some, Point::y)));
    }
    return new Series(name, means, style);
  }

  /** Means of as many neighbors as brings the count down to what a screen can show. */
  private static List<Point> thinned(List<Point> points) {
    int group = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
    if (group <= 1) {
      return points;
    }
    List<Point> means = new ArrayList<>();
    for (int from = 0; from < points.size(); from += group) {
      List<Point> some = points.subList(from, Math.min(points.size(), from + group));
      means.add(new Point(mean(some, Point::x), mean(some, Point::y)));
    }
    return means;
  }

  private static double mean(List<Point> points, ToDoubleFunction<Point> coordinate) {
    return points.stream().mapToDouble(coordinate).average().orElseThrow();
  }
}
