package dev.lockstep.examples.linear;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.Page;
import dev.lockstep.trainer.report.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinearDescentTest {
  private static final String STEPS = "The three ways, by steps";

  @TempDir private Path folder;

  @Test
  void aThousandStepsOfTenPointsFindTheLineAndStayWithPlainDl4j() throws IOException {
    Page page = TestLab.run(new LinearDescent.MiniBatch(), folder);
    assertEquals(2, TestLab.figure(page, "w, drawn with 2"), 0.1);
    assertEquals(3, TestLab.figure(page, "b, drawn with 3"), 0.05);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-5);
    // What is left is the noise, whose variance is 0.01.
    assertEquals(0.01, TestLab.last(page, "The same by epochs", "mini-batch"), 0.005);
    assertEquals(0.01, TestLab.last(page, "The same by epochs", "batch"), 0.005);

    // Batch descent on a parabola below the critical rate never goes up; one point a step does.
    assertEquals(0, rises(TestLab.points(page, STEPS, "batch")));
    assertTrue(rises(TestLab.points(page, STEPS, "stochastic")) > 100);
  }

  private static long rises(List<Point> curve) {
    return IntStream.range(1, curve.size())
        .filter(i -> curve.get(i).y() > curve.get(i - 1).y() * (1 + 1e-6))
        .count();
  }
}
