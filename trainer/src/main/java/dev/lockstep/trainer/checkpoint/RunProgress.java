package dev.lockstep.trainer.checkpoint;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.RunNote;
import java.util.List;

/**
 * Where the run stands at a checkpoint, so that its record can be continued. Lives on the driver;
 * written as JSON, in which NaN and infinities are the texts {@code "NaN"}, {@code "Infinity"} and
 * {@code "-Infinity"}.
 *
 * @param examples examples used in the run so far
 * @param epochExamples examples used in the epoch begun
 * @param epochLossSum sum of the finite losses of the epoch begun
 * @param epochLossExamples examples that this sum is over
 * @param skippedSteps steps so far whose gradient was not applied because it was not finite
 * @param seconds spent training so far, over all attempts
 * @param epochs what the completed epochs amounted to, ascending
 * @param rateScales the learning rate's scale of each epoch, as far as decided
 * @param rateCuts in the order in which they were made
 * @param notes for the run's record: what happened on the way
 */
public record RunProgress(
    long examples,
    long epochExamples,
    double epochLossSum,
    long epochLossExamples,
    long skippedSteps,
    double seconds,
    List<EpochMetrics> epochs,
    List<Double> rateScales,
    List<RateCut> rateCuts,
    List<RunNote> notes) {

  /** Checks the counts and copies the lists; a missing one is empty. */
  public RunProgress {
    if (examples < 0 || epochExamples < 0 || epochLossExamples < 0 || skippedSteps < 0) {
      throw new IllegalArgumentException(
          "examples=%d epochExamples=%d epochLossExamples=%d skippedSteps=%d: must be >= 0"
              .formatted(examples, epochExamples, epochLossExamples, skippedSteps));
    }
    epochs = copy(epochs);
    rateScales = copy(rateScales);
    rateCuts = copy(rateCuts);
    notes = copy(notes);
  }

  /** Of a run that has taken no step. */
  public static RunProgress none() {
    return new RunProgress(0, 0, 0, 0, 0, 0, List.of(), List.of(1.0), List.of(), List.of());
  }

  private static <T> List<T> copy(List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }
}
