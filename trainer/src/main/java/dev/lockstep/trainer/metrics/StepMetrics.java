package dev.lockstep.trainer.metrics;

/**
 * What one optimizer step amounted to, or a run of steps since the previous record. Lives on the
 * driver. A value that was not measured is NaN; it is left out of logs and charts. One component
 * for each field of a line of {@code metrics.jsonl}.
 *
 * @param step optimizer steps taken in the run so far, this one included; at least 1
 * @param epoch epochs completed before this step
 * @param examples examples used in the run so far
 * @param meanLoss mean loss of the step's examples, without regularisation terms
 * @param gradientNorm L2 norm of the mean gradient before clipping, or NaN
 * @param learningRate of the step, or NaN where blocks have different ones
 * @param examplesPerSecond over the steps that were reported together with this one, or NaN
 * @param elapsedSeconds since the attempt began to train
 * @param skippedSteps steps of the run so far, this one included, that were skipped because of a
 *     gradient that was not finite
 */
public record StepMetrics(
    long step,
    int epoch,
    long examples,
    double meanLoss,
    double gradientNorm,
    double learningRate,
    double examplesPerSecond,
    double elapsedSeconds,
    long skippedSteps) {

  /** Without a skipped step. */
  public StepMetrics(
      long step,
      int epoch,
      long examples,
      double meanLoss,
      double gradientNorm,
      double learningRate,
      double examplesPerSecond,
      double elapsedSeconds) {
    this(
        step,
        epoch,
        examples,
        meanLoss,
        gradientNorm,
        learningRate,
        examplesPerSecond,
        elapsedSeconds,
        0);
  }

  /** Checks the counts. */
  public StepMetrics {
    if (step < 1 || epoch < 0 || examples < 0) {
      throw new IllegalArgumentException(
          "step=%d epoch=%d examples=%d: must be >= 1, >= 0 and >= 0"
              .formatted(step, epoch, examples));
    }
  }
}
