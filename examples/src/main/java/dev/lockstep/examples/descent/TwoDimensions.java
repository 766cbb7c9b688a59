package dev.lockstep.examples.descent;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Range;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code descent-2d}: a bowl, and the ways of three optimizers down it. */
@Command(
    name = "descent-2d",
    description = "Walks down x² + 2y² from (−10, −10), by descent, momentum and Adam.")
public final class TwoDimensions extends Experiment {

  @Option(
      names = "--start",
      defaultValue = "-10,-10",
      split = ",",
      paramLabel = "X,Y",
      description = "Where the walk begins (default: ${DEFAULT-VALUE}).")
  private float[] start;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.1",
      paramLabel = "R",
      description = "Of the optimizer and of momentum beside it (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Mixin private Walk walk;

  @Override
  protected Page run(Lab lab) {
    if (start.length != 2) {
      throw new IllegalArgumentException(
          "--start has " + start.length + " coordinates: give two, as in -10,-10");
    }
    int steps = walk.steps();
    List<float[]> path = walk(walk.method(), learningRate);
    Series main = points(walk.method().text(learningRate), path);
    List<Series> paths = new ArrayList<>(List.of(main));
    List<Series> heights = new ArrayList<>(List.of(heights(main.name(), path)));
    for (Method other : List.of(Method.MOMENTUM, Method.ADAM)) {
      double rate = other == Method.ADAM ? 1 : learningRate;
      List<float[]> way = walk(other, rate);
      paths.add(points(other.text(rate), way));
      heights.add(heights(other.text(rate), way));
    }
    return Page.titled("Down a bowl")
        .withLead(
            "x² + 2y² is lowest at (0, 0). A step of plain gradient descent (sgd) multiplies x by 1"
                + " − 2 · rate and y by 1 − 4 · rate, so at 0.1 y is gone first and the path bends."
                + " Momentum overshoots; Adam begins with equal steps in both directions.")
        .with(
            new Page.Figures(
                Figure.of("x after " + steps + " steps", "%.6f", path.get(steps)[0]),
                Figure.of("y after " + steps + " steps", "%.6f", path.get(steps)[1])),
            surface("The path on the surface", SurfacePlot.View.SURFACE, List.of(main)),
            surface("The paths of three optimizers", SurfacePlot.View.CONTOURS, paths),
            Chart.lines("How high they are", "step", "x² + 2y²", heights).logarithmic().wide());
  }

  private List<float[]> walk(Method walker, double rate) {
    return new Descent(walker.at(rate), p -> new float[] {2 * p[0], 4 * p[1]})
        .path(walk.steps(), start);
  }

  private static double f(double x, double y) {
    return x * x + 2 * y * y;
  }

  private static Series points(String name, List<float[]> walk) {
    return Series.of(name, walk.stream().map(p -> new Point(p[0], p[1])).toList());
  }

  private static Series heights(String name, List<float[]> walk) {
    return Series.of(
            name,
            IntStream.range(0, walk.size())
                .mapToObj(step -> new Point(step, f(walk.get(step)[0], walk.get(step)[1])))
                .toList())
        .withStyle(Series.Style.LINE);
  }

  /** With a range around 0 that holds the paths, or as much of them as can be looked at. */
  private static SurfacePlot surface(String title, SurfacePlot.View view, List<Series> paths) {
    double width =
        Walk.view(
            paths.stream()
                .flatMap(path -> path.points().stream())
                .mapToDouble(point -> Math.max(Math.abs(point.x()), Math.abs(point.y()))));
    return new SurfacePlot(title, view, TwoDimensions::f, new Range(-width, width), paths);
  }
}
