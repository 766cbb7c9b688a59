package dev.lockstep.trainer.report.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.report.page.Series.Point;
import dev.lockstep.trainer.report.page.Series.Style;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SeriesTest {

  @Test
  void epochsStandOverTheirNumbersAndUnmeasuredOnesAreLeftOut() {
    Metrics metrics =
        new Metrics(List.of(), List.of(epoch(1, 0.5), epoch(2, Double.NaN), epoch(3, 0.25)));

    assertEquals(
        List.of(new Point(1, 0.5), new Point(3, 0.25)),
        Series.ofEpochs("validation", metrics, EpochMetrics::validationLoss).points());
  }

  @Test
  void stepsAreThinnedToTheirMeans() {
    Metrics metrics =
        new Metrics(
            IntStream.rangeClosed(1, 2_001)
                .mapToObj(step -> new StepMetrics(step, 0, step, 10.0 * step, 1, 1, 1, 1))
                .toList(),
            List.of());

    List<Point> points = Series.ofSteps("loss", metrics, StepMetrics::meanLoss).points();
    assertEquals(667, points.size());
    assertEquals(new Point(2, 20), points.get(0));
    assertEquals(new Point(2_000, 20_000), points.get(666));
  }

  @Test
  void pointsGivenOneByOneAreKept() {
    double[] x = IntStream.range(0, 5_000).asDoubleStream().toArray();

    assertEquals(5_000, Series.of("data", x, x).points().size());
  }

  @Test
  void aFunctionIsALineFromEndToEnd() {
    Series square = Series.function("x²", x -> x * x, -1, 3);

    assertEquals(Style.LINE, square.style());
    assertEquals(200, square.points().size());
    assertEquals(new Point(-1, 1), square.points().get(0));
    assertEquals(new Point(3, 9), square.points().get(199));
  }

  @Test
  void smoothingAveragesWhatCameBefore() {
    Series noisy =
        Series.of("loss", new double[] {1, 2, 3}, new double[] {4, 0, 8}).withStyle(Style.DASHED);

    Series smooth = noisy.smoothed(2);
    assertEquals(List.of(new Point(1, 4), new Point(2, 2), new Point(3, 4)), smooth.points());
    assertEquals(Style.DASHED, smooth.style());
  }

  @Test
  void whatCannotBeDrawnIsRefused() {
    assertRefused(
        "series a: x.length=2 != y.length=1: give one y for each x",
        () -> Series.of("a", new double[2], new double[1]));
    assertRefused("series a: window=0: must be >= 1", () -> Series.of("a", List.of()).smoothed(0));
    assertRefused(
        "range from=1.0 to=1.0: give finite values with from < to",
        () -> Series.function("a", x -> x, 1, 1));
    assertRefused("chart c: series=0: give at least one", () -> Chart.lines("c", "x", "y"));
    assertRefused(
        "chart c: y range from=0.0 on a logarithmic axis: give a value > 0",
        () -> Chart.lines("c", "x", "y", Series.of("a", List.of())).withYRange(0, 1).logarithmic());
    assertRefused(
        "chart c: series a: style=PATH among bars: leave it AUTOMATIC",
        () -> Chart.bars("c", "x", "y", Series.of("a", List.of()).withStyle(Style.PATH)));
  }

  private static void assertRefused(String message, Runnable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
  }

  private static EpochMetrics epoch(int epoch, double validationLoss) {
    return new EpochMetrics(epoch, 100L * epoch, 6_400L * epoch, 1, validationLoss, 1, 1, 1);
  }
}
