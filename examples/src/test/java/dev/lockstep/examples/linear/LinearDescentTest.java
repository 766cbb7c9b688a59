package dev.lockstep.examples.linear;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LinearDescentTest {
  private static final LeastSquares BEST = LeastSquares.of(LinearDescent.points(42), 0, 0);

  @TempDir private Path folder;

  /** What 1,000 steps leave of the way, or their noise moves the line at the end. */
  static Stream<Arguments> waysAndHowNearTheyCome() {
    return Stream.of(
        Arguments.of(new LinearDescent.Batch(), 0.01),
        Arguments.of(new LinearDescent.MiniBatch(), 0.02),
        Arguments.of(new LinearDescent.Stochastic(), 0.06));
  }

  @ParameterizedTest
  @MethodSource("waysAndHowNearTheyCome")
  void aThousandStepsComeToTheLineOfLeastSquaresAndStayWithPlainDl4j(
      LinearDescent example, double near) throws IOException {
    // More tasks than one or two virtual workers can use.
    Page page = TestLab.run(example, folder, "--workers=2");
    assertEquals(BEST.w(), TestLab.figure(page, "w, drawn with 2"), near);
    assertEquals(BEST.b(), TestLab.figure(page, "b, drawn with 3"), near);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-5);
  }

  @Test
  void batchDescentNeverRisesAndOnePointAStepDoes() throws IOException {
    Page page = TestLab.run(new LinearDescent.Batch(), folder, "--steps=300");
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
