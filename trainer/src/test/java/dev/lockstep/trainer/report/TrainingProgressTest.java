package dev.lockstep.trainer.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.report.TrainingProgress.Style;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TrainingProgressTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void plainLinesTellEachEpoch() {
    show(Style.LINES);

    assertEquals(
        "epoch 1/2  loss 0.5000  validation 0.6000  accuracy 91.25 %  12,346 examples/s\n", text());
  }

  @Test
  void aBarTellsStepsLossAndSpeed() {
    show(Style.BAR);

    assertTrue(text().contains("5/10"), text());
    assertTrue(text().contains("loss 0.7500"), text());
  }

  @Test
  void noneWritesNothing() {
    show(Style.NONE);

    assertEquals("", text());
  }

  private void show(Style style) {
    try (TrainingProgress progress = new TrainingProgress(style, 10, 2, out)) {
      progress.step(new StepMetrics(5, 0, 320, 0.75, 1, 0.001, 12_000, 0.5));
      progress.epoch(new EpochMetrics(1, 5, 320, 0.5, 0.6, 0.9125, 12_345.6, 0.5));
    }
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }
}
