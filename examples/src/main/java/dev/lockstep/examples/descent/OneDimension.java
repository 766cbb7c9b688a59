package dev.lockstep.examples.descent;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import dev.lockstep.trainer.report.page.Series.Style;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code descent-1d}: a parabola, and what the learning rate does on it. */
@Command(
    name = "descent-1d",
    description = "Walks down x² + 4x + 1 from −10, and shows what the learning rate does.")
public final class OneDimension extends Experiment {

  private static final double LOWEST = -2;

  /** Steps after which zig-zags become a blur. */
  private static final int FIRST = 12;

  @Option(
      names = "--start",
      defaultValue = "-10",
      paramLabel = "X",
      description = "Where the walk begins (default: ${DEFAULT-VALUE}).")
  private float start;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.9",
      paramLabel = "R",
      description = "Of the walk on the curve (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Mixin private Walk walk;

  @Override
  protected Page run(Lab lab) {
    int steps = walk.steps();
    List<float[]> path = walk(walk.method().at(learningRate), steps);
    double end = path.get(steps)[0];
    double shown = Walk.view(path.stream().mapToDouble(OneDimension::distance));
    List<Point> onCurve = path.stream().map(x -> new Point(x[0], f(x[0]))).toList();

    List<Series> positions =
        Stream.of(0.1, 0.9, 1.0, 1.05)
            .map(rate -> Series.of("rate " + rate, bySteps(walk(rate, FIRST), x -> x[0])))
            .toList();
    List<Series> distances =
        Stream.of(0.01, 0.1, 0.9, 1.0, 1.05)
            .map(
                rate ->
                    Series.of("rate " + rate, bySteps(walk(rate, steps), OneDimension::distance)))
            // At 0.9 the curve lies on that of 0.1.
            .map(each -> each.withStyle(each.name().endsWith("0.9") ? Style.DASHED : Style.LINE))
            .toList();
    double swing = Math.max(1, 2 * Math.abs(start - LOWEST));
    return Page.titled("Down a parabola")
        .withLead(
            "x² + 4x + 1 is lowest at −2. A step of plain gradient descent (sgd) multiplies the"
                + " distance to −2 by 1 − 2 · rate, so all rates between 0 and 1 arrive. 0.9 jumps"
                + " from side to side and 0.1 creeps down one side, and both are equally fast: each"
                + " step leaves four fifths. 0.01 is slow, 1.0 jumps to and fro for ever, and 1.05"
                + " gets farther away with each step.")
        .with(
            new Page.Figures(
                Figure.of("x after " + steps + " steps", "%.6f", end),
                Figure.of("x where it is lowest", "%.0f", LOWEST),
                Figure.of("x² + 4x + 1 there", "%.0f", f(LOWEST))),
            Chart.lines(
                    "The path on the curve",
                    "x",
                    "x² + 4x + 1",
                    Series.function("x² + 4x + 1", OneDimension::f, -2 - shown, -2 + shown),
                    Series.of(walk.method().text(learningRate), onCurve).withStyle(Style.PATH))
                .wide(),
            Chart.lines("The first steps of sgd at other rates", "step", "x", positions)
                .withYRange(LOWEST - swing, LOWEST + swing),
            Chart.lines("How far from −2", "step", "|x + 2|", distances).logarithmic());
  }

  private List<float[]> walk(double rate, int count) {
    return walk(Method.SGD.at(rate), count);
  }

  private List<float[]> walk(OptimizerSpec optimizer, int count) {
    return new Descent(optimizer, x -> new float[] {2 * x[0] + 4}).path(count, start);
  }

  private static double f(double x) {
    return x * x + 4 * x + 1;
  }

  private static double distance(float[] x) {
    return Math.abs(x[0] - LOWEST);
  }

  private static List<Point> bySteps(List<float[]> walk, ToDoubleFunction<float[]> value) {
    return IntStream.range(0, walk.size())
        .mapToObj(step -> new Point(step, value.applyAsDouble(walk.get(step))))
        .toList();
  }
}
