package dev.lockstep.trainer.driver;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Scores;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sums the workers' validations and makes an epoch's metrics. Lives on the driver; used by one
 * thread.
 */
final class EpochTracker {

  private final PairwiseTree tree;
  private final boolean validates;
  private final TrainingObserver observer;
  private final StepTracker steps;
  private final RunClock clock;
  private final List<EpochMetrics> epochs = new ArrayList<>();
  private final Map<Integer, Long> lastSteps = new HashMap<>();
  private final Map<Integer, TreeReduction<List<EvaluationSums>>> validations = new HashMap<>();
  private MetricsLog log;

  /**
   * Starts without epochs.
   *
   * @param validates whether every epoch ends with a validation
   */
  EpochTracker(
      PairwiseTree tree,
      boolean validates,
      TrainingObserver observer,
      StepTracker steps,
      RunClock clock) {
    this.tree = tree;
    this.validates = validates;
    this.observer = observer;
    this.steps = steps;
    this.clock = clock;
  }

  /** Forgets the epochs after a checkpoint. */
  void rewind(List<EpochMetrics> saved) {
    lastSteps.clear();
    validations.clear();
    epochs.clear();
    epochs.addAll(saved);
  }

  /** Continues with the workers of another attempt. */
  void begin(MetricsLog file) {
    log = file;
  }

  /** Takes note of the last step of an epoch. */
  void endsWith(WorkerReport.Step step) {
    lastSteps.put(step.epoch() + 1, step.stepsTaken());
  }

  void validated(WorkerReport.Validated part) {
    validations
        .computeIfAbsent(part.epochsTaken(), epoch -> new TreeReduction<>(tree, Scores::plus))
        .add(new TreeNode(0, part.virtualWorker()), part.sums());
  }

  /**
   * Records the next epoch, if its last step and, with validation, all parts of that have come.
   *
   * @return whether they had
   */
  boolean recordNext() throws IOException {
    int epochsTaken = epochs.size() + 1;
    if (!lastSteps.containsKey(epochsTaken) || !isValidated(epochsTaken)) {
      return false;
    }
    Optional<EvaluationSums> validation = validation(epochsTaken);
    RunProgress.EpochSums sums = steps.ended(epochsTaken - 1);
    double examplesPerSecond = clock.epoch(sums.examples());
    EpochMetrics metrics =
        new EpochMetrics(
            epochsTaken,
            lastSteps.get(epochsTaken),
            steps.examples(),
            sums.lossSum() / sums.lossExamples(),
            validation.map(EvaluationSums::meanLoss).orElse(Double.NaN),
            validation
                .filter(EvaluationSums::isClassification)
                .map(EvaluationSums::accuracy)
                .orElse(Double.NaN),
            examplesPerSecond,
            clock.secondsAtEpochEnd());
    epochs.add(metrics);
    log.write(metrics);
    observer.epoch(metrics);
    return true;
  }

  private boolean isValidated(int epochsTaken) {
    return !validates
        || (validations.containsKey(epochsTaken) && validations.get(epochsTaken).isComplete());
  }

  /** Of the first labels tensor; empty without validation, or where it had no examples. */
  private Optional<EvaluationSums> validation(int epochsTaken) {
    return validates
        ? Optional.ofNullable(validations.get(epochsTaken).result()).map(sums -> sums.get(0))
        : Optional.empty();
  }

  /** All epochs of the run so far. */
  List<EpochMetrics> all() {
    return epochs;
  }
}
