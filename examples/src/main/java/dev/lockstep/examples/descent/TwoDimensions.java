package dev.lockstep.examples.descent;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.ps.optim.Descent;
import dev.lockstep.trainer.report.Chart;
import dev.lockstep.trainer.report.Landscape;
import dev.lockstep.trainer.report.Page;
import dev.lockstep.trainer.report.Page.Figure;
import dev.lockstep.trainer.report.Range;
import dev.lockstep.trainer.report.Series;
import dev.lockstep.trainer.report.Series.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
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

  @Option(
      names = "--adam-rate",
      defaultValue = "1",
      paramLabel = "R",
      description = "Of Adam beside it (default: ${DEFAULT-VALUE}).")
  private double adamRate;

  @Option(
      names = "--steps",
      defaultValue = "60",
      paramLabel = "N",
      description = "Steps to take (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--optimizer",
      defaultValue = "SGD",
      paramLabel = "NAME",
      description = "One of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Method method;

  @Override
  protected Page run(Lab lab) {
    if (start.length != 2) {
      throw new IllegalArgumentException(
          "--start has " + start.length + " coordinates: give two, as in -10,-10");
    }
    List<float[]> path = walk(method, learningRate);
    float[] end = path.get(steps);
    Series main = points(method.text(learningRate), path);
    List<Series> paths = new ArrayList<>(List.of(main));
    List<Series> heights = new ArrayList<>(List.of(heights(main.name(), path)));
    for (Method other : List.of(Method.MOMENTUM, Method.ADAM)) {
      double rate = other == Method.ADAM ? adamRate : learningRate;
      List<float[]> walk = walk(other, rate);
      paths.add(points(other.text(rate), walk));
      heights.add(heights(other.text(rate), walk));
    }
    return Page.titled("Down a bowl")
        .withLead(
            "x² + 2y² is lowest at (0, 0), and steeper in y. A step of plain gradient descent (sgd)"
                + " multiplies x by 1 − 2 · rate and y by 1 − 4 · rate: at 0.1 y is nearly gone while x"
                + " is still on its way, so the path bends. Momentum overshoots and swings round"
                + " the lowest place; Adam begins with steps of the same length in both"
                + " directions, however steep they are.")
        .with(
            new Page.Figures(
                Figure.of("x after " + steps + " steps", "%.6f", end[0]),
                Figure.of("y after " + steps + " steps", "%.6f", end[1])),
            Landscape.surface(
                "The path on the surface",
                "x",
                "y",
                TwoDimensions::f,
                around(List.of(main)),
                around(List.of(main)),
                main),
            new Landscape(
                "The ways of three optimizers",
                Landscape.View.CONTOURS,
                "x",
                "y",
                TwoDimensions::f,
                around(paths),
                around(paths),
                paths),
            Chart.lines("How high they are", "step", "x² + 2y²", heights).logarithmic().wide());
  }

  private List<float[]> walk(Method walker, double rate) {
    return new Descent(walker.at(rate), p -> new float[] {2 * p[0], 4 * p[1]}).path(steps, start);
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

  /** A stretch of both axes around 0 that holds the paths, or as much as can be looked at. */
  private static Range around(List<Series> paths) {
    double farthest =
        paths.stream()
            .flatMap(path -> path.points().stream())
            .mapToDouble(point -> Math.max(Math.abs(point.x()), Math.abs(point.y())))
            .filter(Double::isFinite)
            .max()
            .orElseThrow();
    double width = Math.max(1, Math.min(1.1 * farthest, 1e6));
    return new Range(-width, width);
  }
}
