package dev.lockstep.examples.descent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.HtmlReport;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescentPathsTest {

  @TempDir private Path folder;

  @Test
  void thePathDownTheParabolaIsTheOneOfTheory() throws IOException {
    Page page = TestLab.runWithoutSpark(new OneDimension(), folder);

    List<Point> path = TestLab.points(page, "The path on the curve", "sgd, rate 0.9");
    for (int k = 0; k < path.size(); k++) {
      double x = -2 + Math.pow(-0.8, k) * (-10 + 2);
      assertEquals(x, path.get(k).x(), 1e-5, "step " + k);
      assertEquals(x * x + 4 * x + 1, path.get(k).y(), 1e-4, "step " + k);
    }
    assertEquals(61, path.size());
    assertEquals(-2, TestLab.figure(page, "x after 60 steps"), 1e-4);

    for (double rate : new double[] {0.01, 0.1, 0.9, 1, 1.05}) {
      List<Point> distances = TestLab.points(page, "How far from −2", "rate " + rate);
      for (int k = 0; k < distances.size(); k++) {
        double distance = Math.pow(Math.abs(1 - 2 * rate), k) * 8;
        assertEquals(distance, distances.get(k).y(), 1e-5 * (1 + distance), rate + ", step " + k);
      }
    }
  }

  @Test
  void thePathDownTheBowlIsTheOneOfTheory() throws IOException {
    Page page = TestLab.runWithoutSpark(new TwoDimensions(), folder);

    List<Point> path =
        page.sections().stream()
            .filter(SurfacePlot.class::isInstance)
            .map(section -> ((SurfacePlot) section).paths().get(0).points())
            .findFirst()
            .orElseThrow();
    for (int k = 0; k < path.size(); k++) {
      assertEquals(-10 * Math.pow(0.8, k), path.get(k).x(), 1e-5, "x of step " + k);
      assertEquals(-10 * Math.pow(0.6, k), path.get(k).y(), 1e-5, "y of step " + k);
    }
    assertEquals(0, TestLab.figure(page, "x after 60 steps"), 1e-4);
    assertEquals(0, TestLab.figure(page, "y after 60 steps"), 1e-4);
  }

  @Test
  void aDescentThatLeavesFloat32StillHasAPage() throws IOException {
    String[] far = {"--learning-rate=50", "--steps=200"};
    Page parabola = TestLab.runWithoutSpark(new OneDimension(), folder, far);
    Page bowl = TestLab.runWithoutSpark(new TwoDimensions(), folder, far);

    assertTrue(Double.isNaN(TestLab.last(parabola, "The path on the curve", "sgd, rate 50.0")));
    assertTrue(Double.isNaN(TestLab.last(bowl, "How high they are", "sgd, rate 50.0")));
    // JSON has no infinite numbers.
    assertFalse(HtmlReport.render(bowl).contains("Infinity\""));
  }
}
