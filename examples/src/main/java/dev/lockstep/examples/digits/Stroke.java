package dev.lockstep.examples.digits;

import java.util.ArrayList;
import java.util.List;

/**
 * One movement of the pen: the points it passes through, and whether it turns corners or sweeps.
 * Coordinates are those of a box of width and height 1; x grows to the right, y downwards.
 *
 * @param points at least two
 * @param manner how the points are joined
 */
record Stroke(List<Point> points, Manner manner) {

  /** How points are joined. */
  enum Manner {
    /** By straight lines. */
    CORNERS,
    /** By a smooth curve through them. */
    SWEEP
  }

  /** A place in the box. */
  record Point(double x, double y) {}

  private static final int PARTS = 5;

  Stroke {
    points = List.copyOf(points);
    if (points.size() < 2) {
      throw new IllegalArgumentException("stroke points=" + points.size() + ": needs 2");
    }
  }

  /** A stroke with corners through x₀, y₀, x₁, y₁, … */
  static Stroke corners(double... coordinates) {
    return new Stroke(points(coordinates), Manner.CORNERS);
  }

  /** A smooth stroke through x₀, y₀, x₁, y₁, … */
  static Stroke sweep(double... coordinates) {
    return new Stroke(points(coordinates), Manner.SWEEP);
  }

  /**
   * A part of an ellipse.
   *
   * @param fromDegrees where it starts; 0 is right of the center, 90 below it
   * @param toDegrees where it ends; smaller than {@code fromDegrees} for anticlockwise
   */
  static Stroke arc(double x, double y, double rx, double ry, int fromDegrees, int toDegrees) {
    int parts = Math.max(2, Math.abs(toDegrees - fromDegrees) / 40);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i <= parts; i++) {
      double angle =
          StrictMath.toRadians(fromDegrees + (toDegrees - fromDegrees) * (double) i / parts);
      points.add(new Point(x + rx * StrictMath.cos(angle), y + ry * StrictMath.sin(angle)));
    }
    return new Stroke(points, Manner.SWEEP);
  }

  /** This stroke, and without lifting the pen another. */
  Stroke then(Stroke next) {
    List<Point> joined = new ArrayList<>(points);
    joined.addAll(next.points);
    return new Stroke(joined, manner);
  }

  /** The points of straight pieces that follow the stroke closely. */
  List<Point> flattened() {
    if (manner == Manner.CORNERS) {
      return points;
    }
    List<Point> flat = new ArrayList<>();
    for (int i = 0; i + 1 < points.size(); i++) {
      Point before = points.get(Math.max(0, i - 1));
      Point from = points.get(i);
      Point to = points.get(i + 1);
      Point after = points.get(Math.min(points.size() - 1, i + 2));
      for (int part = 0; part < PARTS; part++) {
        double t = (double) part / PARTS;
        flat.add(
            new Point(
                catmullRom(before.x, from.x, to.x, after.x, t),
                catmullRom(before.y, from.y, to.y, after.y, t)));
      }
    }
    flat.add(points.get(points.size() - 1));
    return flat;
  }

  /** The uniform Catmull-Rom spline between b and c, at t in [0, 1]. */
  private static double catmullRom(double a, double b, double c, double d, double t) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  }

  private static List<Point> points(double... coordinates) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < coordinates.length; i += 2) {
      points.add(new Point(coordinates[i], coordinates[i + 1]));
    }
    return points;
  }
}
