package dev.lockstep.examples.mnist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitialWeightsTest {

  @TempDir private Path folder;

  @Test
  void smallWeightsBeginUndecidedAndLearnLaterThanHes() throws IOException {
    Page page = TestLab.run(new InitialWeights(), folder, "--images=1200", "--epochs=3");
    assertEquals(Math.log(10), TestLab.figure(page, "first loss, normal, deviation 0.01"), 0.01);
    assertTrue(TestLab.figure(page, "first loss, He, output Xavier") > Math.log(10) + 0.1);

    double small = TestLab.last(page, "Loss by steps", "normal, deviation 0.01");
    double he = TestLab.last(page, "Loss by steps", "He, output Xavier");
    assertTrue(small > 1.2 * he, "loss %s from small weights, %s from He's".formatted(small, he));
  }
}
