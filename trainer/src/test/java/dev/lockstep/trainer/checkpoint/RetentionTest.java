package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.schedule.Plateau.Metric;
import dev.lockstep.trainer.metrics.EpochMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RetentionTest {

  private final SampleRun run = new SampleRun(0, 1, 0);

  /** Checkpoints at the end of epochs of 10 steps, and one in the middle of each. */
  private List<CheckpointManifest> checkpoints(double... metrics) {
    List<CheckpointManifest> checkpoints = new ArrayList<>();
    List<EpochMetrics> epochs = new ArrayList<>();
    for (double metric : metrics) {
      long step = epochs.size() * 10L;
      checkpoints.add(checkpoint(step + 5, epochs));
      epochs.add(new EpochMetrics(epochs.size() + 1, step + 10, 1, 0.5, metric, metric, 1, 1));
      checkpoints.add(checkpoint(step + 10, epochs));
    }
    return checkpoints;
  }

  private CheckpointManifest checkpoint(long step, List<EpochMetrics> epochs) {
    RunProgress progress =
        new RunProgress(
            0,
            0,
            0,
            RunProgress.EpochSums.NONE,
            epochs,
            new RunProgress.Rates(List.of(), List.of()),
            List.of());
    return run.manifest(step, 1, progress, List.of(), List.of());
  }

  @Test
  void keepsTheLastOnes() {
    assertEquals(Set.of(15L, 20L), new Retention(2, null).kept(checkpoints(0.3, 0.2)));
    assertEquals(Set.of(5L, 10L), new Retention(7, null).kept(checkpoints(0.3)));
  }

  @Test
  void keepsTheBestAtTheEndOfAnEpochBesides() {
    List<CheckpointManifest> checkpoints = checkpoints(0.3, 0.1, 0.4, 0.2);
    assertEquals(Set.of(20L, 40L), new Retention(1, Metric.LOSS).kept(checkpoints));
    assertEquals(Set.of(30L, 40L), new Retention(1, Metric.ACCURACY).kept(checkpoints));
  }

  @Test
  void ofEqualOnesTheEarlierIsTheBest() {
    List<CheckpointManifest> checkpoints = checkpoints(0.3, 0.3, 0.3);
    assertEquals(Set.of(10L, 30L), new Retention(1, Metric.LOSS).kept(checkpoints));
    assertEquals(Set.of(10L, 30L), new Retention(1, Metric.ACCURACY).kept(checkpoints));
  }

  @Test
  void whatIsNoNumberIsNeverTheBest() {
    List<CheckpointManifest> checkpoints =
        checkpoints(Double.NaN, Double.POSITIVE_INFINITY, 0.3, 0.2);
    assertEquals(Set.of(40L), new Retention(1, Metric.LOSS).kept(checkpoints));
    assertEquals(
        Set.of(20L), new Retention(1, Metric.LOSS).kept(checkpoints(Double.NaN, Double.NaN)));
  }

  @Test
  void theNewestIsAlwaysKept() {
    assertEquals(
        "checkpoints kept=0 < 1: the newest one is always kept",
        assertThrows(IllegalArgumentException.class, () -> new Retention(0, null)).getMessage());
  }
}
