package dev.lockstep.examples.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModesTest {

  @TempDir private Path folder;

  @Test
  void averagingExchangesAKthAndCompressionLessThanSync() throws IOException {
    Page page = TestLab.run(new Modes(), folder, "--examples=400", "--epochs=1", "--workers=2");
    List<List<String>> rows = TestLab.table(page, "At the end").rows();
    Map<String, Double> megabytes =
        rows.stream()
            .collect(
                Collectors.toMap(
                    row -> row.get(0), row -> Double.parseDouble(row.get(3).replace(" MB", ""))));
    // A pull before the first step is half a round. Ten steps: ten rounds, two, or one that ends
    // with the epoch.
    double everyStep = megabytes.get("averaging, k = 1");
    double round = everyStep / 10.5;
    assertEquals(2.5 * round, megabytes.get("averaging, k = 5"), 0.02 * everyStep);
    assertEquals(1.5 * round, megabytes.get("averaging, k = 50"), 0.02 * everyStep);
    assertTrue(megabytes.get("bfloat16") < megabytes.get("sync"), megabytes.toString());
    assertTrue(megabytes.get("top-k 1 %") < megabytes.get("bfloat16"), megabytes.toString());
    assertEquals(
        List.of("ssp, s = 3", "async"),
        rows.stream().filter(row -> row.get(4).equals("no")).map(row -> row.get(0)).toList());
  }
}
