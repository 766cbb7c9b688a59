package dev.lockstep.examples.plane;

import static dev.lockstep.examples.lab.TestLab.last;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizersTest {

  @TempDir private Path folder;

  @Test
  void momentumAndAdamAreAheadOfSgdAdaGradBehindAdaDeltaStandsStillAndDl4jAgrees()
      throws IOException {
    Page page = TestLab.run(new Optimizers(), folder, "--epochs=10");
    for (String chart : List.of("Training", "Test")) {
      double sgd = last(page, chart, "SGD");
      assertTrue(last(page, chart, "Nesterov momentum 0.8") < sgd, chart);
      assertTrue(last(page, chart, "Adam") < sgd, chart);
      assertTrue(last(page, chart, "RMSprop") < sgd, chart);
      assertTrue(last(page, chart, "AdaGrad") > sgd, chart);
      double begun = TestLab.points(page, chart, "AdaDelta").get(0).y();
      assertEquals(begun, last(page, chart, "AdaDelta"), 0.2 * begun, chart);
    }
    for (List<String> row : TestLab.table(page, "After the last epoch").rows().subList(0, 5)) {
      assertTrue(Double.parseDouble(row.get(3)) <= 1e-4, row.toString());
    }
  }
}
