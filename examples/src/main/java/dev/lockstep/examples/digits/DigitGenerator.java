package dev.lockstep.examples.digits;

import dev.lockstep.examples.digits.Stroke.Point;
import dev.lockstep.sharding.plan.Seeds;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Draws images that look like handwritten digits. Image i is a pure function of (seed, i), the same
 * on every machine: only specified arithmetic ({@link StrictMath}, {@link Random}) is used. Safe
 * for any number of threads; crosses from driver to executors.
 *
 * <p>One of several ways to write the digit is taken; its points are displaced, the plane is bent,
 * turned, sheared, stretched and moved; a pen of random width and darkness draws it; then come
 * blur, a patch that hides some of it, a stray line, and noise. The amounts are such that one layer
 * of weights is clearly not enough.
 *
 * @param seed of all images
 */
public record DigitGenerator(long seed) implements Serializable {

  /** Pixels of the image that the box of a digit's strokes measures, before it is changed. */
  private static final double BOX = 21;

  /**
   * Draws an image.
   *
   * @param index at least 0
   */
  public Digit digit(long index) {
    Random random = new Random(Seeds.mix(seed, index));
    int label = random.nextInt(10);
    int variant = random.nextInt(Handwriting.variants(label));

    Canvas canvas = new Canvas(Digit.SIZE);
    Placement placement = Placement.of(random);
    double radius = 0.6 + 1.1 * random.nextDouble();
    double darkness = 0.65 + 0.35 * random.nextDouble();
    for (Stroke stroke : Handwriting.strokes(label, variant)) {
      List<Point> path = new ArrayList<>();
      for (Point point : unsteady(stroke, random).flattened()) {
        path.add(placement.place(point));
      }
      canvas.draw(path, radius, darkness);
    }

    if (random.nextInt(5) == 0) {
      strayLine(canvas, random);
    }
    canvas.blur(0.8 * random.nextDouble());
    if (random.nextInt(6) == 0) {
      hide(canvas, random);
    }
    double noise = 0.12 * random.nextDouble();
    for (int pixel = 0; pixel < Digit.SIZE * Digit.SIZE; pixel++) {
      canvas.add(pixel, noise * random.nextGaussian());
    }
    return new Digit(label, canvas.bytes());
  }

  /** The stroke of a hand that does not repeat itself. */
  private static Stroke unsteady(Stroke stroke, Random random) {
    List<Point> points = new ArrayList<>();
    for (Point point : stroke.points()) {
      points.add(
          new Point(
              point.x() + 0.025 * random.nextGaussian(),
              point.y() + 0.025 * random.nextGaussian()));
    }
    return new Stroke(points, stroke.manner());
  }

  private static void strayLine(Canvas canvas, Random random) {
    double x = Digit.SIZE * random.nextDouble();
    double y = Digit.SIZE * random.nextDouble();
    Point from = new Point(x, y);
    Point to = new Point(x + 4 * random.nextGaussian(), y + 4 * random.nextGaussian());
    canvas.draw(List.of(from, to), 0.5, 0.3 + 0.5 * random.nextDouble());
  }

  private static void hide(Canvas canvas, Random random) {
    int width = 2 + random.nextInt(5);
    int height = 2 + random.nextInt(5);
    canvas.erase(
        4 + random.nextInt(Digit.SIZE - 8), 4 + random.nextInt(Digit.SIZE - 8), width, height);
  }

  /**
   * From the box of the strokes to pixels.
   *
   * @param xx share of x in the pixel's column; likewise the others
   * @param dx shift to the right in pixels
   * @param dy shift downwards in pixels
   * @param bend amplitude of the bending, in parts of the box
   * @param phase of the bending
   */
  private record Placement(
      double xx, double xy, double yx, double yy, double dx, double dy, double bend, double phase) {

    static Placement of(Random random) {
      double angle = StrictMath.toRadians(10 * clipped(random));
      double shear = 0.17 * clipped(random);
      double width = StrictMath.exp(0.14 * clipped(random));
      double height = StrictMath.exp(0.10 * clipped(random));
      double cos = StrictMath.cos(angle);
      double sin = StrictMath.sin(angle);
      return new Placement(
          cos * width,
          cos * shear - sin * height,
          sin * width,
          sin * shear + cos * height,
          1.35 * clipped(random),
          1.35 * clipped(random),
          0.03 * random.nextGaussian(),
          2 * Math.PI * random.nextDouble());
    }

    Point place(Point point) {
      double u = point.x() - 0.5 + bend * StrictMath.sin(5 * point.y() + phase);
      double v = point.y() - 0.5 + bend * StrictMath.cos(5 * point.x() + phase);
      double middle = (Digit.SIZE - 1) / 2.0;
      return new Point(
          middle + dx + BOX * (xx * u + xy * v), middle + dy + BOX * (yx * u + yy * v));
    }

    /** A normal deviate without its rare extremes, which would be unreadable. */
    private static double clipped(Random random) {
      return Math.max(-2, Math.min(2, random.nextGaussian()));
    }
  }
}
