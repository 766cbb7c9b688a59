package dev.lockstep.trainer.metrics;

import java.util.List;

/**
 * The records of a run, in the order of their steps.
 *
 * @param steps of single steps
 * @param epochs of whole epochs
 */
public record Metrics(List<StepMetrics> steps, List<EpochMetrics> epochs) {

  /** Copies the lists. */
  public Metrics {
    steps = List.copyOf(steps);
    epochs = List.copyOf(epochs);
  }

  /**
   * The last record of an epoch.
   *
   * @throws IllegalStateException if no epoch was completed
   */
  public EpochMetrics lastEpoch() {
    if (epochs.isEmpty()) {
      throw new IllegalStateException("no epoch was completed");
    }
    return epochs.get(epochs.size() - 1);
  }
}
