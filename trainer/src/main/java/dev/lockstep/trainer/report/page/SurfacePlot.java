package dev.lockstep.trainer.report.page;

import java.util.List;
import java.util.Objects;
import java.util.function.DoubleBinaryOperator;

/**
 * A function of two variables with paths on it, such as those of gradient descent. Immutable.
 *
 * @param title above it
 * @param view from where it is seen
 * @param xLabel what x is, with its unit
 * @param yLabel what y is, with its unit
 * @param height the function: of x and y; computed on a grid when the page is rendered, by the
 *     thread that renders; where it is not finite the landscape has a hole
 * @param x part of the plane that is shown
 * @param y part of the plane that is shown
 * @param paths points (x, y), drawn as {@link Series.Style#PATH} unless they say otherwise; may be
 *     empty
 */
public record SurfacePlot(
    String title,
    View view,
    String xLabel,
    String yLabel,
    DoubleBinaryOperator height,
    Range x,
    Range y,
    List<Series> paths)
    implements Page.Section {

  /** From where a landscape is seen. */
  public enum View {
    /** From the side, in three dimensions; paths are lifted onto it. */
    SURFACE,
    /** From above, as lines of equal height. */
    CONTOURS
  }

  /** Copies the list. */
  public SurfacePlot {
    Objects.requireNonNull(title, "title");
    Objects.requireNonNull(view, "view");
    Objects.requireNonNull(xLabel, "xLabel");
    Objects.requireNonNull(yLabel, "yLabel");
    Objects.requireNonNull(height, "height");
    Objects.requireNonNull(x, "x");
    Objects.requireNonNull(y, "y");
    paths = List.copyOf(paths);
  }

  /** The function as a surface in three dimensions, with the paths lifted onto it. */
  public static SurfacePlot surface(
      String title,
      String xLabel,
      String yLabel,
      DoubleBinaryOperator height,
      Range x,
      Range y,
      Series... paths) {
    return new SurfacePlot(title, View.SURFACE, xLabel, yLabel, height, x, y, List.of(paths));
  }

  /** The function as labelled lines of equal height, with the paths among them. */
  public static SurfacePlot contours(
      String title,
      String xLabel,
      String yLabel,
      DoubleBinaryOperator height,
      Range x,
      Range y,
      Series... paths) {
    return new SurfacePlot(title, View.CONTOURS, xLabel, yLabel, height, x, y, List.of(paths));
  }
}
