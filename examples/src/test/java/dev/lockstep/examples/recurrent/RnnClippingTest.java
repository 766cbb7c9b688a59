package dev.lockstep.examples.recurrent;

import static dev.lockstep.examples.lab.TestLab.points;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RnnClippingTest {

  private static final Path DAYS =
      Path.of(System.getProperty("lockstep.data"), "daily-min-temperatures.csv");

  private static Page page;

  @BeforeAll
  static void trainOnceForAllTests(@TempDir Path folder) throws IOException {
    String[] arguments =
        Files.exists(DAYS)
            ? new String[] {"--epochs=2", "--data=" + DAYS}
            : new String[] {"--epochs=2"};
    page = TestLab.run(new RnnClipping(), folder, arguments);
  }

  @Test
  void wildLabelsMakeLongGradientsThatClippingCuts() {
    // Both start from the same parameters; then they part.
    String norms = "Norm before clipping, sequences";
    List<Point> free = points(page, norms, "not clipped");
    List<Point> clipped = points(page, norms, "clipped");
    assertEquals(free.get(0), clipped.get(0));
    assertNotEquals(free.get(free.size() - 1), clipped.get(free.size() - 1));

    double[] lengths =
        points(page, "What clipping leaves, sequences", "gradient").stream()
            .mapToDouble(Point::y)
            .sorted()
            .toArray();
    double longest = lengths[lengths.length - 1];
    assertTrue(longest > 1 && longest > 5 * lengths[lengths.length / 2], "longest " + longest);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-4);
  }

  @Test
  void tomorrowsTemperatureIsPredictedBetterThanByTheMean() {
    assumeTrue(Files.exists(DAYS), "no file of daily temperatures here");
    // The values are standardized: predicting their mean has a squared error of 1.
    double loss = TestLab.last(page, "Validation loss, daily values", "clipped");
    assertTrue(loss < 0.6, "loss " + loss);
  }
}
