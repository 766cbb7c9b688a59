package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.trainer.metrics.EpochMetrics;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which checkpoints of a run are kept.
 *
 * @param last how many of the newest complete ones, at least 1
 * @param bestOrNull validation metric by which the best of those at the end of an epoch is kept
 *     besides; null for none
 */
public record Retention(int last, Plateau.Metric bestOrNull) {

  /** Checks the number. */
  public Retention {
    if (last < 1) {
      throw new IllegalArgumentException(
          "checkpoints kept=%d < 1: the newest one is always kept".formatted(last));
    }
  }

  /**
   * Steps of the checkpoints that are kept.
   *
   * @param complete all complete ones, ascending
   */
  Set<Long> kept(List<CheckpointManifest> complete) {
    Set<Long> kept = new HashSet<>();
    for (int i = Math.max(0, complete.size() - last); i < complete.size(); i++) {
      kept.add(complete.get(i).step());
    }
    best(complete).ifPresent(best -> kept.add(best.step()));
    return kept;
  }

  /**
   * The best of those that end an epoch.
   *
   * @param complete ascending
   * @return of equals the earliest; empty where no best one is kept, or none has the metric
   */
  public Optional<CheckpointManifest> best(List<CheckpointManifest> complete) {
    if (bestOrNull == null) {
      return Optional.empty();
    }
    return complete.stream()
        .filter(manifest -> !Double.isNaN(badness(manifest)))
        .min(Comparator.comparingDouble(this::badness));
  }

  /** Less is better; NaN where the checkpoint ends no epoch, or that was not measured. */
  private double badness(CheckpointManifest manifest) {
    List<EpochMetrics> epochs = manifest.progress().epochs();
    EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
    if (last == null || last.step() != manifest.step()) {
      return Double.NaN;
    }
    return bestOrNull == Plateau.Metric.LOSS ? last.validationLoss() : -last.validationAccuracy();
  }
}
