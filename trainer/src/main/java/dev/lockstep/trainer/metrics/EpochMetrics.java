package dev.lockstep.trainer.metrics;

/**
 * What one epoch amounted to. Lives on the driver. A value that was not measured is NaN; it is left
 * out of logs and charts. One component for each field of a line of {@code metrics.jsonl}.
 *
 * @param epoch the epoch just completed, counted from 1
 * @param step optimizer steps taken in the run so far
 * @param examples examples used in the run so far
 * @param meanLoss mean training loss over the epoch's examples
 * @param validationLoss mean loss over the validation part, or NaN
 * @param validationAccuracy share of the validation part classified rightly, in [0, 1], or NaN
 * @param examplesPerSecond training examples a second over the epoch, or NaN
 * @param elapsedSeconds since the attempt began to train
 */
public record EpochMetrics(
    int epoch,
    long step,
    long examples,
    double meanLoss,
    double validationLoss,
    double validationAccuracy,
    double examplesPerSecond,
    double elapsedSeconds) {

  /** Checks the counts. */
  public EpochMetrics {
    if (epoch < 1 || step < 0 || examples < 0) {
      throw new IllegalArgumentException(
          "epoch=%d step=%d examples=%d: must be >= 1, >= 0 and >= 0"
              .formatted(epoch, step, examples));
    }
  }
}
