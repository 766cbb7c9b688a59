package dev.lockstep.examples.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulesTest {
  private static final int EPOCHS = 40;

  /** 700 points in batches of 32. */
  private static final int STEPS_OF_AN_EPOCH = 22;

  @TempDir private Path folder;

  @Test
  void theRateDecaysByOnePercentAnEpochAsDl4jsDoes() throws IOException {
    Page page = TestLab.run(new Schedules(), folder, "--epochs=" + EPOCHS);
    List<Point> rates = TestLab.points(page, "Learning rate of the two", "decay");
    assertEquals(EPOCHS * STEPS_OF_AN_EPOCH, rates.size());
    for (Point point : rates) {
      int epoch = (int) (point.x() - 1) / STEPS_OF_AN_EPOCH;
      assertEquals(0.1 * Math.pow(0.99, epoch), point.y(), 1e-12);
    }
    assertTrue(
        TestLab.points(page, "Learning rate of the two", "constant").stream()
            .allMatch(point -> point.y() == 0.1));
    // The noise has a variance of 0.09, of which 300 points are a sample.
    assertEquals(0.09, TestLab.figure(page, "test loss, constant"), 0.04);
    assertEquals(0.09, TestLab.figure(page, "test loss, decay"), 0.04);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-4);

    List<Point> cosine = TestLab.points(page, "Schedules", "cosine(" + EPOCHS + "epochs)");
    assertEquals(EPOCHS, cosine.size());
    for (Point point : cosine) {
      double part = Math.floor(point.x()) / EPOCHS;
      assertEquals(0.05 * (1 + Math.cos(Math.PI * part)), point.y(), 1e-12);
    }
    String warmUp = "linear(10epochs, from=0.1) > cosine";
    assertEquals(0.01, TestLab.points(page, "Schedules", warmUp).get(0).y(), 1e-12);
    assertEquals(0.05, TestLab.last(page, "Schedules", "step(30epochs, gamma=0.5)"), 1e-12);
    assertEquals(
        0.1 / Math.sqrt(EPOCHS),
        TestLab.last(page, "Schedules", "lambda: 0.1 / √(1 + epoch)"),
        1e-12);
  }
}
