package dev.lockstep.examples.scale;

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

class LargeDatasetTest {

  @TempDir private Path folder;

  @Test
  void theLossDoesNotDependOnHowManyTasksDrewAndEveryWorkerIsListed() throws IOException {
    Page one = train("one", "--partitions=1", "--workers=1");
    Page five = train("five", "--partitions=5", "--workers=2");
    assertEquals(TestLab.points(one, "Loss", "loss"), TestLab.points(five, "Loss", "loss"));

    assertEquals(1, TestLab.table(one, "Workers").rows().size());
    List<List<String>> workers = TestLab.table(five, "Workers").rows();
    assertEquals(List.of("0", "1"), workers.stream().map(row -> row.get(0)).toList());
    // A fiftieth of 1,000 is for validation.
    assertEquals(980, workers.stream().mapToInt(row -> Integer.parseInt(row.get(3))).sum());
    List<Point> throughput = TestLab.points(five, "Throughput of each worker", "examples a second");
    assertEquals(2, throughput.size());
    assertTrue(throughput.stream().allMatch(point -> point.y() > 0));
  }

  private Page train(String name, String... arguments) throws IOException {
    String[] all = {"--examples=1000", arguments[0], arguments[1]};
    return TestLab.run(new LargeDataset(), folder.resolve(name), all);
  }
}
