package dev.lockstep.examples.mnist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DigitDescentTest {

  private static final String LOSS = "Loss by epochs";

  @TempDir private Path folder;

  @Test
  void smallerBatchesAreAheadAfterAsManyEpochsAndMiniBatchesStayWithPlainDl4j() throws IOException {
    Page page = TestLab.run(new DigitDescent.MiniBatch(), folder, "--images=500");
    // Twelve epochs of 400 images in batches of 64: the last of an epoch is smaller.
    assertEquals(12 * 7, TestLab.figure(page, "steps"));
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-4);

    double batch = TestLab.points(page, LOSS, "batch").get(1).y();
    double miniBatch = TestLab.points(page, LOSS, "mini-batch").get(1).y();
    double stochastic = TestLab.points(page, LOSS, "stochastic").get(1).y();
    assertTrue(
        stochastic < miniBatch && miniBatch < batch,
        "after two epochs: %s, %s, %s".formatted(stochastic, miniBatch, batch));
    assertEquals(40, TestLab.points(page, "Loss by steps", "batch").size());
    assertTrue(
        page.sections().stream().anyMatch(Page.Picture.class::isInstance), "a picture of answers");
  }
}
