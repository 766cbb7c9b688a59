package dev.lockstep.examples.digits;

import dev.lockstep.examples.digits.Stroke.Point;
import java.util.List;

/**
 * Gray values of a small image, drawn on with a round pen. Values are 0 (paper) to 1 (ink); row by
 * row from the top.
 */
final class Canvas {

  private final int size;
  private final double[] ink;

  Canvas(int size) {
    this.size = size;
    this.ink = new double[size * size];
  }

  /**
   * Draws straight pieces through the points, in pixels; darker pixels stay.
   *
   * @param radius half the width of the pen, in pixels
   * @param darkness of the pen's middle, in (0, 1]
   */
  void draw(List<Point> path, double radius, double darkness) {
    for (int i = 0; i + 1 < path.size(); i++) {
      segment(path.get(i), path.get(i + 1), radius, darkness);
    }
  }

  /** Fills a rectangle with paper; it may reach beyond the edges. */
  void erase(int left, int top, int width, int height) {
    for (int y = Math.max(0, top); y < Math.min(size, top + height); y++) {
      for (int x = Math.max(0, left); x < Math.min(size, left + width); x++) {
        ink[y * size + x] = 0;
      }
    }
  }

  /**
   * Spreads each pixel over its neighbors: the weights 1 2 1 in both directions, mixed with the
   * sharp image.
   *
   * @param strength 0 leaves the image, 1 takes the blurred one
   */
  void blur(double strength) {
    double[] sharp = ink.clone();
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double sum = 0;
        for (int dy = -1; dy <= 1; dy++) {
          for (int dx = -1; dx <= 1; dx++) {
            if (x + dx >= 0 && x + dx < size && y + dy >= 0 && y + dy < size) {
              sum += sharp[(y + dy) * size + x + dx] * (2 - Math.abs(dx)) * (2 - Math.abs(dy));
            }
          }
        }
        ink[y * size + x] = (1 - strength) * sharp[y * size + x] + strength * sum / 16;
      }
    }
  }

  /** Adds to one pixel. */
  void add(int pixel, double value) {
    ink[pixel] += value;
  }

  /** The gray values as unsigned bytes, 0 to 255. */
  byte[] bytes() {
    byte[] bytes = new byte[ink.length];
    for (int i = 0; i < ink.length; i++) {
      bytes[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, ink[i])));
    }
    return bytes;
  }

  private void segment(Point from, Point to, double radius, double darkness) {
    double reach = radius + 1;
    int left = Math.max(0, (int) Math.floor(Math.min(from.x(), to.x()) - reach));
    int right = Math.min(size - 1, (int) Math.ceil(Math.max(from.x(), to.x()) + reach));
    int top = Math.max(0, (int) Math.floor(Math.min(from.y(), to.y()) - reach));
    int bottom = Math.min(size - 1, (int) Math.ceil(Math.max(from.y(), to.y()) + reach));
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        // The edge of the pen runs over one pixel, which smooths the outline.
        double cover = radius + 0.5 - distance(x, y, from, to);
        double value = darkness * Math.max(0, Math.min(1, cover));
        ink[y * size + x] = Math.max(ink[y * size + x], value);
      }
    }
  }

  private static double distance(double x, double y, Point from, Point to) {
    double dx = to.x() - from.x();
    double dy = to.y() - from.y();
    double length = dx * dx + dy * dy;
    double along = length == 0 ? 0 : ((x - from.x()) * dx + (y - from.y()) * dy) / length;
    along = Math.max(0, Math.min(1, along));
    double offX = x - from.x() - along * dx;
    double offY = y - from.y() - along * dy;
    return Math.sqrt(offX * offX + offY * offY);
  }
}
