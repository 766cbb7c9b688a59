package dev.lockstep.examples.mnist;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NormalizedLayersTest {

  @TempDir private Path folder;

  @Test
  void theTrainingLossFallsFasterWithBatchNormalization() throws IOException {
    Page page = TestLab.run(new NormalizedLayers(), folder, "--images=1200", "--epochs=3");
    double with = TestLab.last(page, "Loss by steps", "with batch normalization");
    double without = TestLab.last(page, "Loss by steps", "without");
    assertTrue(with < 0.9 * without, "loss %s with, %s without".formatted(with, without));
  }
}
