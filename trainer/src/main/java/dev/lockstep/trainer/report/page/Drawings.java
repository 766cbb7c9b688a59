package dev.lockstep.trainer.report.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What the page's scripts draw, as JSON: {@code page.js} its charts, {@code landscape.js} its
 * landscapes. Lives on the driver while one page is rendered; for one thread.
 */
final class Drawings {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Points a side of a landscape's grid. */
  private static final int GRID = 81;

  /** Points to which a path is filled up before it is laid on a surface. */
  private static final int MOST_OF_A_TRACK = 400;

  private final ObjectNode all = JSON.createObjectNode();
  private final ArrayNode charts = all.putArray("charts");
  private final ArrayNode landscapes = all.putArray("landscapes");

  /** Adds a chart; returns its number, counted from 0. */
  int add(Chart chart) {
    ObjectNode node = charts.addObject();
    node.put("kind", chart.kind().name());
    node.put("xLabel", chart.xLabel());
    node.put("yLabel", chart.yLabel());
    node.put("scale", chart.scale().name());
    chart.yRange().ifPresent(range -> node.set("yRange", json(range)));
    putSeries(node, "series", chart.series());
    return charts.size() - 1;
  }

  /** Adds a landscape, with its heights on a grid; returns its number, counted from 0. */
  int add(SurfacePlot landscape) {
    ObjectNode node = landscapes.addObject();
    node.put("view", landscape.view().name());
    node.put("xLabel", landscape.xLabel());
    node.put("yLabel", landscape.yLabel());
    node.set("xRange", json(landscape.x()));
    node.set("yRange", json(landscape.y()));
    ArrayNode rows = node.putArray("heights");
    for (int row = 0; row < GRID; row++) {
      ArrayNode heights = rows.addArray();
      for (int column = 0; column < GRID; column++) {
        addHeight(heights, landscape, landscape.x().at(column, GRID), landscape.y().at(row, GRID));
      }
    }
    ArrayNode paths = node.putArray("paths");
    for (Series path : landscape.paths()) {
      ObjectNode entry =
          paths.addObject().put("name", path.name()).put("style", path.style().name());
      List<Series.Point> points = path.points().stream().filter(Drawings::isDrawable).toList();
      putLifted(entry, "points", landscape, points);
      if (landscape.view() == SurfacePlot.View.SURFACE) {
        putLifted(entry, "track", landscape, track(points));
      }
    }
    return landscapes.size() - 1;
  }

  boolean hasCharts() {
    return !charts.isEmpty();
  }

  boolean hasLandscapes() {
    return !landscapes.isEmpty();
  }

  /** JSON that cannot end the script element it stands in. */
  String inScript() {
    try {
      return JSON.writeValueAsString(all).replace("<", "\\u003c");
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of plain nodes is always written", e);
    }
  }

  private static void addHeight(ArrayNode heights, SurfacePlot landscape, double x, double y) {
    double height = landscape.height().applyAsDouble(x, y);
    if (Float.isFinite((float) height)) {
      // Seven digits are more than a screen shows.
      heights.add((float) height);
    } else {
      heights.addNull();
    }
  }

  private static void putLifted(
      ObjectNode node, String field, SurfacePlot landscape, List<Series.Point> points) {
    ArrayNode lifted = node.putArray(field);
    for (Series.Point point : points) {
      addHeight(lifted.addArray().add(point.x()).add(point.y()), landscape, point.x(), point.y());
    }
  }

  /** The points with others between them, so that a line through them follows the surface. */
  private static List<Series.Point> track(List<Series.Point> points) {
    List<Series.Point> track = new ArrayList<>();
    int parts = Math.max(1, MOST_OF_A_TRACK / Math.max(1, points.size()));
    for (int i = 0; i + 1 < points.size(); i++) {
      Series.Point from = points.get(i);
      Series.Point to = points.get(i + 1);
      for (int part = 0; part < parts; part++) {
        double share = (double) part / parts;
        track.add(
            new Series.Point(
                from.x() + share * (to.x() - from.x()), from.y() + share * (to.y() - from.y())));
      }
    }
    if (!points.isEmpty()) {
      track.add(points.get(points.size() - 1));
    }
    return track;
  }

  private static void putSeries(ObjectNode node, String field, List<Series> series) {
    ArrayNode all = node.putArray(field);
    for (Series one : series) {
      ObjectNode entry = all.addObject().put("name", one.name()).put("style", one.style().name());
      ArrayNode points = entry.putArray("points");
      for (Series.Point point : one.points()) {
        if (isDrawable(point)) {
          points.addArray().add(point.x()).add(point.y());
        }
      }
    }
  }

  private static boolean isDrawable(Series.Point point) {
    return Double.isFinite(point.x()) && Double.isFinite(point.y());
  }

  private static ArrayNode json(Range range) {
    return JSON.createArrayNode().add(range.from()).add(range.to());
  }
}
