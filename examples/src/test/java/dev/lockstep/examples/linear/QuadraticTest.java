package dev.lockstep.examples.linear;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuadraticTest {
  private static final String LOSS = "Loss by passes";

  @TempDir private Path folder;

  @Test
  void byPassesBatchDescentIsTheSlowestAndMiniBatchesStayWithPlainDl4j() throws IOException {
    Page page = TestLab.run(new Quadratic(), folder, "--epochs=4");

    double batch = TestLab.last(page, LOSS, "batch");
    double stochastic = TestLab.last(page, LOSS, "stochastic");
    double miniBatch = TestLab.last(page, LOSS, "mini-batch+momentum");
    assertTrue(miniBatch < batch && stochastic < batch, batch + " " + stochastic + " " + miniBatch);
    // The noise's variance is 1.
    assertTrue(stochastic < 2, () -> "stochastic " + stochastic);
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-4);
    assertTrue(TestLab.last(page, "Speed", "stochastic") > 0);
  }
}
