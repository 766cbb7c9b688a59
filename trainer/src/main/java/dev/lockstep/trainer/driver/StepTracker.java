package dev.lockstep.trainer.driver;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.checkpoint.RunProgress.EpochSums;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.plan.PlannedUpdates;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Turns reports of steps into metrics, and sums them over the epoch and the run. Lives on the
 * driver; used by one thread.
 */
final class StepTracker {

  private final PairwiseTree tree;
  private final TrainingObserver observer;
  private final RunClock clock;
  private final List<StepMetrics> steps = new ArrayList<>();
  private final Map<Integer, EpochSums> sums = new HashMap<>();
  private final NavigableMap<Long, Totals> totals = new TreeMap<>();
  private final NavigableSet<Long> skippedSteps = new TreeSet<>();
  private long skippedBefore;
  private long examples;
  private WorkerAssignment assignment;
  private MetricsLog log;
  private LocalStepSums localSteps;

  /**
   * Sums after a step that may become a checkpoint's.
   *
   * @param examples of the run
   * @param epoch sums of the epoch so far
   * @param skipped steps of the run
   * @param seconds of the run
   */
  record Totals(long examples, EpochSums epoch, long skipped, double seconds) {}

  StepTracker(PairwiseTree tree, TrainingObserver observer, RunClock clock) {
    this.tree = tree;
    this.observer = observer;
    this.clock = clock;
  }

  /** Takes over the steps that an earlier command has logged. */
  void restore(List<StepMetrics> earlier) {
    steps.addAll(earlier);
  }

  /** Forgets the steps after a checkpoint, and continues from its sums. */
  void rewind(long step, RunProgress progress) {
    totals.clear();
    steps.removeIf(metrics -> metrics.step() > step);
    sums.clear();
    sums.put(progress.epochs().size(), progress.openEpoch());
    skippedSteps.clear();
    skippedBefore = progress.skippedSteps();
    examples = progress.examples();
  }

  /** Continues with the workers of another attempt. */
  void begin(WorkerAssignment next, MetricsLog file) {
    assignment = next;
    log = file;
    localSteps = new LocalStepSums(tree, next.schedule(), next.start().step());
  }

  /** Joins workers' parts of local steps; returns the steps that are now complete. */
  List<WorkerReport.Step> join(WorkerReport.LocalSteps parts) {
    return localSteps.add(parts.steps());
  }

  void skip(WorkerReport.Skipped skipped) {
    skippedSteps.add(skipped.stepsTaken());
  }

  /**
   * Records a step.
   *
   * @param rateScale of its epoch
   * @param examplesPerSecond of the steps that were reported together
   */
  void record(WorkerReport.Step step, double rateScale, double examplesPerSecond)
      throws IOException {
    long stepsTaken = step.stepsTaken();
    examples += step.examples();
    long skipped = skippedBefore + skippedSteps.headSet(stepsTaken, true).size();
    StepMetrics metrics =
        new StepMetrics(
            stepsTaken,
            step.epoch(),
            examples,
            step.lossSum() / step.examples(),
            step.gradientNorm(),
            learningRate(step, rateScale),
            examplesPerSecond,
            clock.seconds(),
            skipped);
    steps.add(metrics);
    log.write(metrics);
    observer.step(metrics);
    EpochSums soFar =
        sums.getOrDefault(step.epoch(), EpochSums.NONE).plus(step.examples(), step.lossSum());
    sums.put(step.epoch(), soFar);
    EpochSums kept = assignment.schedule().isEpochStart(stepsTaken) ? EpochSums.NONE : soFar;
    totals.put(stepsTaken, new Totals(examples, kept, skipped, clock.seconds()));
  }

  /** Of the first trained block that has one. */
  private double learningRate(WorkerReport.Step step, double rateScale) {
    long before = step.stepsTaken() - 1;
    long iteration = assignment.clock().iteration(before);
    StepTime time =
        new StepTime(
            iteration,
            assignment.clock().epoch(before),
            iteration,
            rateScale * assignment.start().rates().cuts().scale(before));
    return PlannedUpdates.rate(assignment.plan().model(), time).orElse(Double.NaN);
  }

  /** Sums of an epoch, counted from 0, that has ended. */
  EpochSums ended(int epoch) {
    return sums.remove(epoch);
  }

  /** Sums after a step; null before it is recorded. */
  Totals totals(long step) {
    return totals.get(step);
  }

  /** Drops sums that no checkpoint needs any more. */
  void committed(long step) {
    totals.headMap(step, true).clear();
  }

  long examples() {
    return examples;
  }

  List<StepMetrics> all() {
    return steps;
  }
}
