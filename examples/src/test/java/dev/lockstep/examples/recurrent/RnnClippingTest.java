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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RnnClippingTest {

  @TempDir private Path folder;

  @Test
  void wildLabelsMakeLongGradientsThatClippingCuts() throws IOException {
    Page page = TestLab.run(new RnnClipping(), folder, "--epochs=2");
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
  void tomorrowsTemperatureIsForetoldBetterThanByTheMean() throws IOException {
    Path file = Path.of(System.getProperty("lockstep.data"), "daily-min-temperatures.csv");
    assumeTrue(Files.exists(file), "no file of daily temperatures here");
    Page page = TestLab.run(new RnnClipping(), folder, "--epochs=1", "--data=" + file);
    // The values are standardised: their mean as the forecast has a squared error of 1.
    double loss = TestLab.last(page, "Validation loss, daily values", "clipped");
    assertTrue(loss < 0.6, "loss " + loss);
  }
}
