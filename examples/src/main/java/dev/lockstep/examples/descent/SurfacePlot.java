package dev.lockstep.examples.descent;

import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Range;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import dev.lockstep.trainer.report.page.WebLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleBinaryOperator;

/**
 * A function of two variables with paths on it, such as those of gradient descent, drawn by Plotly.
 * Immutable.
 *
 * @param title above it
 * @param view from where it is seen
 * @param height the function of x and y; computed on a grid when the page is rendered. Where it is
 *     not finite the surface has a hole
 * @param range of x and of y that is shown
 * @param paths points (x, y), drawn as {@link Series.Style#PATH} unless they say otherwise; may be
 *     empty
 */
record SurfacePlot(
    String title, View view, DoubleBinaryOperator height, Range range, List<Series> paths)
    implements Page.Scripted {

  /** From where a surface is seen. */
  enum View {
    /** From the side, in three dimensions; paths are lifted onto it. */
    SURFACE,
    /** From above, as labeled lines of equal height. */
    CONTOURS
  }

  /** Points of the grid in each direction. */
  private static final int GRID = 81;

  /** Points of a path on a surface, with those added between its own. */
  private static final int TRACK_POINTS = 400;

  SurfacePlot {
    Objects.requireNonNull(title, "title");
    Objects.requireNonNull(view, "view");
    Objects.requireNonNull(height, "height");
    Objects.requireNonNull(range, "range");
    paths = List.copyOf(paths);
  }

  @Override
  public String script() {
    String plotly = new WebLibrary("plotly.js-dist", "plotly.js").compressed();
    return WebLibrary.text(SurfacePlot.class, "surface.js").replace("{{plotly}}", plotly);
  }

  @Override
  public Map<String, ?> data() {
    Float[][] heights = new Float[GRID][GRID];
    for (int row = 0; row < GRID; row++) {
      for (int column = 0; column < GRID; column++) {
        heights[row][column] = heightAt(range.at(column, GRID), range.at(row, GRID));
      }
    }
    return Map.of(
        "title", title,
        "view", view,
        "range", List.of(range.from(), range.to()),
        "heights", heights,
        "paths", paths.stream().map(this::pathData).toList());
  }

  private Map<String, ?> pathData(Series path) {
    List<Point> points =
        path.points().stream()
            .filter(point -> Double.isFinite(point.x()) && Double.isFinite(point.y()))
            .toList();
    return Map.of(
        "name", path.name(),
        "style", path.style(),
        "points", lifted(points),
        "track", view == View.SURFACE ? lifted(track(points)) : List.of());
  }

  /** [x, y, height] of each point. */
  private List<Number[]> lifted(List<Point> points) {
    return points.stream()
        .map(point -> new Number[] {point.x(), point.y(), heightAt(point.x(), point.y())})
        .toList();
  }

  /** In float32, which has more digits than a screen shows; null where JSON has no number. */
  private Float heightAt(double x, double y) {
    float at = (float) height.applyAsDouble(x, y);
    return Float.isFinite(at) ? at : null;
  }

  /** The points with others between them, so that a line through them follows the surface. */
  private static List<Point> track(List<Point> points) {
    List<Point> track = new ArrayList<>();
    int parts = Math.max(1, TRACK_POINTS / Math.max(1, points.size()));
    for (int i = 0; i + 1 < points.size(); i++) {
      Point from = points.get(i);
      Point to = points.get(i + 1);
      for (int part = 0; part < parts; part++) {
        double share = (double) part / parts;
        track.add(
            new Point(
                from.x() + share * (to.x() - from.x()), from.y() + share * (to.y() - from.y())));
      }
    }
    if (!points.isEmpty()) {
      track.add(points.get(points.size() - 1));
    }
    return track;
  }
}
