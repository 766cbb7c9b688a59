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
 * @param skippedSteps steps so far whose gradient was not applied because it was not finite
 * @param seconds spent training so far, over all attempts
 * @param openEpoch sums over the steps of the epoch that has not ended
 * @param epochs metrics of the completed epochs, ascending
 * @param rates what the learning rate was multiplied by
 * @param notes for the run's record: what happened on the way
 */
public record RunProgress(
    long examples,
    long skippedSteps,
    double seconds,
    EpochSums openEpoch,
    List<EpochMetrics> epochs,
    Rates rates,
    List<RunNote> notes) {

  /** Of a run that has taken no step. */
  public static final RunProgress NONE =
      new RunProgress(
          0, 0, 0, EpochSums.NONE, List.of(), new Rates(List.of(1.0), List.of()), List.of());

  /** Checks the counts and copies the lists. */
  public RunProgress {
    if (examples < 0 || skippedSteps < 0 || openEpoch == null || rates == null) {
      throw new IllegalArgumentException(
          "examples=%d skippedSteps=%d openEpoch=%s rates=%s: must be there and >= 0"
              .formatted(examples, skippedSteps, openEpoch, rates));
    }
    epochs = List.copyOf(epochs);
    notes = List.copyOf(notes);
  }

  /**
   * Sums over the steps of an epoch.
   *
   * @param examples used
   * @param lossSum sum of the losses that are finite
   * @param lossExamples examples that this sum is over
   */
  public record EpochSums(long examples, double lossSum, long lossExamples) {

    /** Of no step. */
    public static final EpochSums NONE = new EpochSums(0, 0, 0);

    /** Checks the counts. */
    public EpochSums {
      if (examples < 0 || lossExamples < 0) {
        throw new IllegalArgumentException(
            "examples=%d lossExamples=%d: must be >= 0".formatted(examples, lossExamples));
      }
    }

    /** With one step more; its loss counts if it is finite. */
    public EpochSums plus(long stepExamples, double stepLossSum) {
      return Double.isFinite(stepLossSum)
          ? new EpochSums(
              examples + stepExamples, lossSum + stepLossSum, lossExamples + stepExamples)
          : new EpochSums(examples + stepExamples, lossSum, lossExamples);
    }
  }

  /**
   * What the learning rate was multiplied by.
   *
   * @param scales of each epoch, as far as decided
   * @param cuts after gradients that were not finite, in the order in which they were made
   */
  public record Rates(List<Double> scales, List<RateCut> cuts) {

    /** Copies the lists. */
    public Rates {
      scales = List.copyOf(scales);
      cuts = List.copyOf(cuts);
    }
  }
}
