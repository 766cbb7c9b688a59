package dev.lockstep.examples.linear;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.Samples;
import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.DataSet;

class BiasVarianceTest {

  private static final DataSet POINTS = Samples.of(x -> 5 * x + 7, 0.25, 256, -1, 1, 42);

  @TempDir private Path folder;

  @Test
  void trainingEndsAtTheClosedFormWithAndWithoutPenalties() throws IOException {
    // As far in 150 steps at 0.2 as in 3,000 at 0.01.
    Page page =
        TestLab.run(
            new BiasVariance(),
            folder,
            "--epochs=150",
            "--learning-rate=0.2",
            "--l1=1",
            "--l2=0.5");

    List<Point> slopes = TestLab.points(page, "What penalties do to the slope", "trained");
    assertEquals(LeastSquares.of(POINTS, 0, 0).w(), slopes.get(0).y(), 1e-4);
    assertEquals(LeastSquares.of(POINTS, 1, 0).w(), slopes.get(1).y(), 1e-4);
    assertEquals(LeastSquares.of(POINTS, 0, 0.5).w(), slopes.get(2).y(), 1e-4);
    assertEquals(LeastSquares.of(POINTS, 0, 0).b(), TestLab.figure(page, "b, drawn with 7"), 1e-4);
    assertEquals(0, TestLab.figure(page, "bias of w, 5 − w"), 0.1);
    assertEquals(0, TestLab.figure(page, "bias of b, 7 − b"), 0.1);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-5);

    // w is (sxy - l1 / 2) / (sxx + l2 / 2): L1 shifts it, L2 divides its deviation too.
    List<List<String>> rows =
        TestLab.table(page, "Trained here, and computed for 200 draws of the noise").rows();
    double[] deviations =
        rows.stream().mapToDouble(row -> Double.parseDouble(row.get(row.size() - 1))).toArray();
    double flatter = LeastSquares.of(POINTS, 0, 0.5).w() / LeastSquares.of(POINTS, 0, 0).w();
    assertEquals(deviations[0], deviations[1], 1e-4);
    assertEquals(deviations[0] * flatter, deviations[2], 2e-4);
  }

  @Test
  void theClosedFormIsWhereThePenalisedErrorIsLowest() {
    double[][] penalties = {{0, 0}, {1, 0}, {0, 0.5}, {0.3, 0.2}, {100, 0}};
    for (double[] penalty : penalties) {
      LeastSquares best = LeastSquares.of(POINTS, penalty[0], penalty[1]);
      double lowest = cost(best.w(), best.b(), penalty);
      for (double step : new double[] {-0.01, 0.01}) {
        assertTrue(cost(best.w() + step, best.b(), penalty) > lowest);
        assertTrue(cost(best.w(), best.b() + step, penalty) > lowest);
      }
    }
    assertEquals(0, LeastSquares.of(POINTS, 100, 0).w());
  }

  private static double cost(double w, double b, double[] penalty) {
    double[] x = POINTS.getFeatures().toDoubleVector();
    double[] y = POINTS.getLabels().toDoubleVector();
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      squares += (w * x[i] + b - y[i]) * (w * x[i] + b - y[i]);
    }
    return squares / x.length + penalty[0] * Math.abs(w) + penalty[1] * w * w / 2;
  }
}
