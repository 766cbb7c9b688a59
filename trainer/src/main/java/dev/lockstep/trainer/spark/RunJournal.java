package dev.lockstep.trainer.spark;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.Determinants;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.model.EvaluationSums;
import dev.lockstep.trainer.model.NumericFingerprint;
import dev.lockstep.trainer.report.EpochMetrics;
import dev.lockstep.trainer.report.Metrics;
import dev.lockstep.trainer.report.MetricsLog;
import dev.lockstep.trainer.report.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the workers' reports into metrics and checkpoint manifests. Lives on the driver; used by
 * one thread.
 */
final class RunJournal {

  private static final Logger LOG = LoggerFactory.getLogger(RunJournal.class);

  /** Who is told the learning rate's scale after an epoch. */
  interface RateDecisions {
    void decide(int epochsTaken, double rateScale);
  }

  private TrainingTask.Assignment assignment;
  private final CheckpointStore checkpoints;
  private final MetricsLog log;
  private final TrainingObserver observer;
  private final RateDecisions decisions;
  private final List<Double> rateScales = new ArrayList<>(List.of(1.0));
  private final String dataFingerprint;

  /** Whether every epoch ends with a validation. */
  private final boolean validates;

  private final Map<Integer, WorkerReport.Started> started = new TreeMap<>();
  private final List<WorkerReport.Failed> failures = new ArrayList<>();
  private final List<StepMetrics> steps = new ArrayList<>();
  private final List<EpochMetrics> epochs = new ArrayList<>();
  private final Map<Integer, WorkerReport.Step> lastSteps = new LinkedHashMap<>();
  private final Map<Integer, Double> lossSums = new HashMap<>();
  private final Map<Integer, Long> lossExamples = new HashMap<>();
  private final Map<Integer, Long> epochExamples = new HashMap<>();
  private final Map<Integer, TreeReduction<List<EvaluationSums>>> validations = new HashMap<>();
  private final Map<Long, List<CheckpointManifest.ShardEntry>> shards = new HashMap<>();
  private final Map<Long, List<CheckpointManifest.ReplicaEntry>> replicas = new HashMap<>();
  private LocalStepSums localSteps;
  private final PairwiseTree tree;
  private final NavigableSet<Long> skippedSteps = new TreeSet<>();
  private long examples;
  private long beganAt;
  private long lastStepAt;
  private long lastEpochAt;
  private long committedStep = -1;

  RunJournal(
      TrainingTask.Assignment first,
      CheckpointStore checkpoints,
      MetricsLog log,
      TrainingObserver observer,
      RateDecisions decisions) {
    this.decisions = decisions;
    this.checkpoints = checkpoints;
    this.log = log;
    this.observer = observer;
    this.dataFingerprint = first.dataset().shardSet().fingerprint();
    this.validates = TrainingTask.validates(first.config(), first.dataset());
    this.tree = new PairwiseTree(first.config().virtualWorkers());
    begin(first);
  }

  /** Goes on with the workers of another attempt, which begins where the one before ended. */
  void begin(TrainingTask.Assignment next) {
    assignment = next;
    started.clear();
    shards.clear();
    replicas.clear();
    localSteps = new LocalStepSums(tree, next.pace(), next.start().value().step());
  }

  void accept(WorkerReport report) throws IOException {
    if (report instanceof WorkerReport.Started one) {
      started.put(one.worker(), one);
      if (allStarted() && beganAt == 0) {
        beganAt = lastStepAt = lastEpochAt = System.nanoTime();
      }
    } else if (report instanceof WorkerReport.Steps several) {
      record(several.steps());
    } else if (report instanceof WorkerReport.Skipped skipped) {
      skippedSteps.add(skipped.stepsTaken());
    } else if (report instanceof WorkerReport.LocalSteps parts) {
      List<WorkerReport.Step> complete = localSteps.add(parts.steps());
      if (!complete.isEmpty()) {
        record(complete);
      }
    } else if (report instanceof WorkerReport.Validated part) {
      record(part);
    } else if (report instanceof WorkerReport.ShardSaved saved) {
      shards.computeIfAbsent(saved.step(), step -> new ArrayList<>()).add(saved.shard());
      commitIfComplete(saved.step());
    } else if (report instanceof WorkerReport.ReplicaSaved saved) {
      replicas.computeIfAbsent(saved.step(), step -> new ArrayList<>()).add(saved.replica());
      commitIfComplete(saved.step());
    } else if (report instanceof WorkerReport.Failed failed) {
      failures.add(failed);
    }
  }

  boolean allStarted() {
    return started.size() == assignment.workers();
  }

  /** Whether all that a complete run reports has been heard. */
  boolean isComplete() {
    return committedStep == assignment.lastStep()
        && epochs.size() == assignment.pace().epoch(assignment.lastStep());
  }

  int servers() {
    return (int) started.values().stream().map(WorkerReport.Started::jvm).distinct().count();
  }

  /** The different arithmetics of the workers: one, or more that give the same bits. */
  List<NumericFingerprint> numerics() {
    return started.values().stream().map(WorkerReport.Started::numeric).distinct().toList();
  }

  /** The workers' common fingerprint, or, where mixed bits are allowed, all of them. */
  String fingerprint() {
    return String.join(
        "+", numerics().stream().map(NumericFingerprint::sha256).distinct().toList());
  }

  Collection<WorkerReport.Started> started() {
    return started.values();
  }

  List<WorkerReport.Failed> failures() {
    return failures;
  }

  Metrics metrics() {
    return new Metrics(steps, epochs);
  }

  double elapsedSeconds() {
    return (lastStepAt - beganAt) / 1e9;
  }

  long examples() {
    return examples;
  }

  private void record(List<WorkerReport.Step> several) throws IOException {
    long now = System.nanoTime();
    long together = several.stream().mapToLong(WorkerReport.Step::examples).sum();
    double examplesPerSecond = together / ((now - lastStepAt) / 1e9);
    lastStepAt = now;
    for (WorkerReport.Step step : several) {
      record(step, examplesPerSecond);
    }
  }

  private void record(WorkerReport.Step step, double examplesPerSecond) throws IOException {
    examples += step.examples();
    StepMetrics metrics =
        new StepMetrics(
            step.stepsTaken(),
            step.epoch(),
            examples,
            step.lossSum() / step.examples(),
            step.gradientNorm(),
            learningRate(step),
            examplesPerSecond,
            elapsedSeconds(),
            skippedSteps.headSet(step.stepsTaken(), true).size());
    steps.add(metrics);
    log.write(metrics);
    observer.step(metrics);
    // The loss of a skipped step may be no number.
    if (Double.isFinite(step.lossSum())) {
      lossSums.merge(step.epoch(), step.lossSum(), Double::sum);
      lossExamples.merge(step.epoch(), step.examples(), Long::sum);
    }
    epochExamples.merge(step.epoch(), step.examples(), Long::sum);
    if (assignment.pace().isEpochStart(step.stepsTaken())) {
      lastSteps.put(step.epoch() + 1, step);
      finishEpochs();
    }
  }

  private void record(WorkerReport.Validated part) throws IOException {
    validations
        .computeIfAbsent(part.epochsTaken(), epoch -> new TreeReduction<>(tree, Scores::plus))
        .add(new TreeNode(0, part.virtualWorker()), part.sums());
    finishEpochs();
  }

  /** An epoch is finished by its last step and, with validation, the last part of that. */
  private void finishEpochs() throws IOException {
    while (lastSteps.containsKey(epochs.size() + 1)) {
      int epochsTaken = epochs.size() + 1;
      EvaluationSums validation = null;
      if (validates) {
        TreeReduction<List<EvaluationSums>> reduction = validations.get(epochsTaken);
        if (reduction == null || !reduction.isComplete()) {
          return;
        }
        validation = reduction.result() == null ? null : reduction.result().get(0);
      }
      long now = System.nanoTime();
      long inEpoch = epochExamples.get(epochsTaken - 1);
      EpochMetrics metrics =
          new EpochMetrics(
              epochsTaken,
              lastSteps.get(epochsTaken).stepsTaken(),
              examples,
              lossSums.getOrDefault(epochsTaken - 1, Double.NaN)
                  / lossExamples.getOrDefault(epochsTaken - 1, 0L),
              validation == null ? Double.NaN : validation.meanLoss(),
              validation == null || !validation.isClassification()
                  ? Double.NaN
                  : validation.accuracy(),
              inEpoch / ((now - lastEpochAt) / 1e9),
              (now - beganAt) / 1e9);
      lastEpochAt = now;
      epochs.add(metrics);
      log.write(metrics);
      observer.epoch(metrics);
      decideRate();
    }
  }

  /** Tells the workers, who wait for it, the learning rate's scale of the next epoch. */
  private void decideRate() {
    String text = assignment.config().optimizer().plateau();
    if (text == null) {
      return;
    }
    Plateau plateau = Plateau.parse(text);
    List<Double> values = new ArrayList<>();
    for (EpochMetrics epoch : epochs) {
      values.add(
          plateau.metric() == Plateau.Metric.LOSS
              ? epoch.validationLoss()
              : epoch.validationAccuracy());
    }
    if (plateau.metric() == Plateau.Metric.ACCURACY && values.stream().allMatch(v -> v.isNaN())) {
      throw new TrainingException(
          "plateau metric=accuracy, but the labels are not classes: use metric=loss");
    }
    double before = rateScales.get(rateScales.size() - 1);
    double scale = plateau.rateScale(values);
    if (scale != before) {
      LOG.info("plateau after epoch {}: the learning rate is scaled by {}", epochs.size(), scale);
    }
    rateScales.add(scale);
    decisions.decide(epochs.size(), scale);
  }

  /** Of the first trained block that has one. */
  private double learningRate(WorkerReport.Step step) {
    TrainingTask.Start start = assignment.start().value();
    long iteration = start.iterationsBefore() + step.stepsTaken() - 1;
    StepTime time =
        new StepTime(
            iteration,
            start.epochsBefore() + step.epoch(),
            iteration,
            rateScales.get(Math.min(step.epoch(), rateScales.size() - 1)));
    return PlannedUpdates.rate(assignment.plan().model(), time).orElse(Double.NaN);
  }

  private void commitIfComplete(long step) throws IOException {
    List<CheckpointManifest.ShardEntry> entries = shards.getOrDefault(step, List.of());
    List<CheckpointManifest.ReplicaEntry> kept = replicas.getOrDefault(step, List.of());
    int covered = entries.stream().mapToInt(entry -> entry.end() - entry.begin()).sum();
    int parameters = assignment.plan().server().layout().parameters();
    int virtualWorkers = assignment.config().virtualWorkers();
    boolean keptIsComplete = !assignment.plan().savesReplicas() || kept.size() == virtualWorkers;
    // A server without a chunk of its own saves an empty shard.
    if (covered == parameters && entries.size() == servers() && keptIsComplete) {
      Determinants determinants =
          Determinants.of(Map.of("seed", Long.toString(assignment.config().seed())));
      checkpoints.commit(
          new CheckpointManifest(
              CheckpointManifest.FORMAT_VERSION,
              assignment.attempt().run(),
              assignment.attempt().attempt(),
              step,
              assignment.pace().epoch(step),
              parameters,
              virtualWorkers,
              assignment.config().seed(),
              dataFingerprint,
              fingerprint(),
              determinants.sha256(),
              determinants,
              RunProgress.none(),
              entries,
              kept));
      committedStep = step;
      checkpoints.retain(new Retention(1, null));
      shards.remove(step);
      replicas.remove(step);
    }
  }
}
