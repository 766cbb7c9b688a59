package dev.lockstep.examples.linear;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinearDescentTest {
  private static final LeastSquares BEST = LeastSquares.of(LinearDescent.points(42), 0, 0);

  @TempDir private Path folder;

  /** Distance to the line of least squares that 1,000 steps leave, or that their noise makes. */
  private static final Map<String, Double> TOLERANCE =
      Map.of("batch", 0.01, "mini-batch", 0.02, "stochastic", 0.06);

  @Test
  void eachDescentAgreesWithPlainDl4jAndOnlyBatchDescentNeverRises() throws IOException {
    // More tasks than one or two virtual workers can use.
    Page page = TestLab.run(new LinearDescent.Batch(), folder, "--workers=2", "--steps=100");
    List<List<String>> rows = TestLab.table(page, "After the last step").rows();
    assertEquals(TOLERANCE.keySet(), rows.stream().map(row -> row.get(0)).collect(toSet()));
    for (List<String> row : rows) {
      assertTrue(Double.parseDouble(row.get(3)) <= 1e-5, row.toString());
    }
    assertEquals(rows.get(0).get(1), Page.text("%.4f", TestLab.figure(page, "w, drawn with 2")));
    // On a parabola below the critical rate.
    assertEquals(0, rises(TestLab.points(page, "The three ways, by steps", "batch")));
  }

  @Test
  @Tag("nightly")
  void aThousandStepsOfEachDescentReachTheLineOfLeastSquaresAndAgreeWithPlainDl4j()
      throws IOException {
    Page page = TestLab.run(new LinearDescent.Batch(), folder);
    List<List<String>> rows = TestLab.table(page, "After the last step").rows();
    for (List<String> row : rows) {
      double tolerance = TOLERANCE.get(row.get(0));
      assertEquals(BEST.w(), Double.parseDouble(row.get(1)), tolerance, row.toString());
      assertEquals(BEST.b(), Double.parseDouble(row.get(2)), tolerance, row.toString());
      assertTrue(Double.parseDouble(row.get(3)) <= 1e-5, row.toString());
    }
    String steps = "The three ways, by steps";
    // On a parabola below the critical rate.
    assertEquals(0, rises(TestLab.points(page, steps, "batch")));
    assertTrue(rises(TestLab.points(page, steps, "stochastic")) > 30);
  }

  private static long rises(List<Point> curve) {
    return IntStream.range(1, curve.size())
        .filter(i -> curve.get(i).y() > curve.get(i - 1).y() * (1 + 1e-6))
        .count();
  }
}
