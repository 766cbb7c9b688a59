package dev.lockstep.examples.mnist;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DroppedUnitsTest {

  @TempDir private Path folder;

  @Test
  void dropoutNarrowsTheGapBetweenTrainingAndValidation() throws IOException {
    Page page = TestLab.run(new DroppedUnits(), folder, "--images=400", "--epochs=20");
    double without = TestLab.figure(page, "gap of loss, no dropout");
    double with = TestLab.figure(page, "gap of loss, dropout 0.5");
    assertTrue(with < 0.7 * without, "gap %s with dropout, %s without".formatted(with, without));
    assertTrue(
        TestLab.last(page, "Loss", "no dropout, training")
            < TestLab.last(page, "Loss", "no dropout, validation"));
  }
}
