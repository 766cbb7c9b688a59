package dev.lockstep.trainer.driver;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.FencedException;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.AttemptStart;
import dev.lockstep.trainer.control.EpochDecision;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.metrics.Divergence;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.plan.PlannedUpdates;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.plan.RunIdentity;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Scores;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the workers' reports into metrics and checkpoint manifests. Lives on the driver; used by
 * one thread.
 */
final class RunTracker {

  private static final Logger LOG = LoggerFactory.getLogger(RunTracker.class);

  /** Who is told how to go on after an epoch. */
  interface Decisions {
    void decide(int epochsTaken, EpochDecision decision);
  }

  private final CheckpointStore checkpoints;
  private final Retention retention;
  private final TrainingObserver observer;
  private final RunIdentity identity;
  private final String dataFingerprint;

  /** Whether every epoch ends with a validation. */
  private final boolean validates;

  private final List<Double> rateScales = new ArrayList<>(List.of(1.0));
  private final Map<Integer, WorkerReport.Started> started = new TreeMap<>();
  private final List<WorkerReport.Failed> failures = new ArrayList<>();
  private final List<StepMetrics> steps = new ArrayList<>();
  private final List<EpochMetrics> epochs = new ArrayList<>();
  private final Map<Integer, WorkerReport.Step> lastSteps = new LinkedHashMap<>();
  private final Map<Integer, EpochSums> sums = new HashMap<>();
  private final Map<Integer, TreeReduction<List<EvaluationSums>>> validations = new HashMap<>();
  private final NavigableMap<Long, Mark> marks = new TreeMap<>();
  private final NavigableMap<Long, SavedParts> saved = new TreeMap<>();
  private final List<RunNote> notes = new ArrayList<>();
  private final PairwiseTree tree;
  private final NavigableSet<Long> skippedSteps = new TreeSet<>();

  private WorkerAssignment assignment;
  private MetricsLog log;
  private Decisions decisions;
  private LocalStepSums localSteps;
  private long skippedBefore;
  private long examples;
  private double secondsBefore;
  private long beganAt;
  private long lastStepAt;
  private long lastEpochAt;
  private boolean hasBegun;
  private long committedStep = -1;

  /** Steps taken when the attempt is complete: fewer where the run ends early. */
  private long lastStep;

  private Optional<WorkerReport.NonFinite> nonFinite = Optional.empty();

  /**
   * Sums over the steps of an epoch so far. The loss of a skipped step may be no number: its
   * examples are not among those of the loss.
   */
  private record EpochSums(long examples, double loss, long lossExamples) {

    static final EpochSums NONE = new EpochSums(0, 0, 0);

    EpochSums plus(WorkerReport.Step step) {
      return Double.isFinite(step.lossSum())
          ? new EpochSums(
              examples + step.examples(), loss + step.lossSum(), lossExamples + step.examples())
          : new EpochSums(examples + step.examples(), loss, lossExamples);
    }
  }

  /** How far the run had come with a step that may become a checkpoint's. */
  private record Mark(long examples, EpochSums sums, long skipped, double seconds) {}

  /** Files of a checkpoint that is not complete yet. */
  private record SavedParts(
      List<CheckpointManifest.ShardEntry> shards, List<CheckpointManifest.ReplicaEntry> replicas) {

    SavedParts() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  /**
   * Begins with nothing.
   *
   * @param identity of the run, for its checkpoints
   * @param retention which checkpoints are kept
   */
  RunTracker(
      TrainingConfig config,
      ShardedDataset dataset,
      CheckpointStore checkpoints,
      Retention retention,
      RunIdentity identity,
      TrainingObserver observer) {
    this.checkpoints = checkpoints;
    this.retention = retention;
    this.identity = identity;
    this.observer = observer;
    this.dataFingerprint = dataset.manifest().fingerprint();
    this.validates = new ReadPlan(config, dataset).validates();
    this.tree = new PairwiseTree(config.mode().virtualWorkers());
  }

  /**
   * Goes back to where a checkpoint was taken, or to the beginning: what was noted beyond it is
   * forgotten.
   *
   * @param step of the checkpoint
   * @param progress of the checkpoint
   */
  void rewind(long step, RunProgress progress) {
    lastSteps.clear();
    validations.clear();
    marks.clear();
    saved.clear();
    steps.removeIf(metrics -> metrics.step() > step);
    replace(epochs, progress.epochs());
    replace(rateScales, progress.rateScales());
    // Those of this launch, which the checkpoint may be too old to know.
    if (notes.isEmpty()) {
      notes.addAll(progress.notes());
    }
    sums.clear();
    sums.put(
        epochs.size(),
        new EpochSums(
            progress.epochExamples(), progress.epochLossSum(), progress.epochLossExamples()));
    skippedSteps.clear();
    skippedBefore = progress.skippedSteps();
    examples = progress.examples();
    secondsBefore = progress.seconds();
    beganAt = 0;
  }

  /**
   * Goes on with the workers of another attempt, where it was rewound to or where the attempt
   * before has ended.
   *
   * @param next what they are told
   * @param file where metrics are written from now on; holds those up to its first step
   * @param deciders who are told how to go on after an epoch
   */
  void begin(WorkerAssignment next, MetricsLog file, Decisions deciders) {
    assignment = next;
    log = file;
    decisions = deciders;
    started.clear();
    failures.clear();
    saved.clear();
    secondsBefore = beganAt == 0 ? secondsBefore : elapsedSeconds();
    beganAt = 0;
    lastStepAt = 0;
    committedStep = -1;
    lastStep = next.lastStep();
    nonFinite = Optional.empty();
    localSteps = new LocalStepSums(tree, next.schedule(), next.start().value().step());
  }

  /** What an earlier launch of the run has written of its steps. */
  void recall(List<StepMetrics> earlier) {
    steps.addAll(earlier);
  }

  /** Adds a line about the run's course, which its next checkpoint and its record keep. */
  void note(long step, String line) {
    notes.add(new RunNote(step, line));
  }

  private static <T> void replace(List<T> all, List<T> by) {
    all.clear();
    all.addAll(by);
  }

  void accept(WorkerReport report) throws IOException {
    if (report instanceof WorkerReport.Started one) {
      started.put(one.worker(), one);
      if (allStarted()) {
        startClock();
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
    } else if (report instanceof WorkerReport.ShardSaved one) {
      saved.computeIfAbsent(one.step(), step -> new SavedParts()).shards().add(one.shard());
    } else if (report instanceof WorkerReport.ReplicaSaved one) {
      saved.computeIfAbsent(one.step(), step -> new SavedParts()).replicas().add(one.replica());
    } else if (report instanceof WorkerReport.NotSaved lost) {
      notSaved(lost.step(), lost.file() + ": " + lost.reason());
    } else if (report instanceof WorkerReport.NonFinite one) {
      nonFinite = Optional.of(one);
    } else if (report instanceof WorkerReport.Failed failed) {
      failures.add(failed);
    }
    commitWhatIsComplete();
  }

  /** Whether all workers of any attempt have ever met. */
  boolean hasBegun() {
    return hasBegun;
  }

  boolean allStarted() {
    return started.size() == assignment.attempt().workers();
  }

  /** Steps of the last checkpoint that this attempt has committed; -1 if none. */
  long committedStep() {
    return committedStep;
  }

  /** Whether all that a complete run reports has been heard. */
  boolean isComplete() {
    return committedStep == lastStep && epochs.size() == assignment.schedule().epoch(lastStep);
  }

  int servers() {
    return (int) started.values().stream().map(WorkerReport.Started::jvm).distinct().count();
  }

  /** The different arithmetics of the workers: one, or more that give the same bits. */
  List<NumericFingerprint> numerics() {
    return started.values().stream().map(WorkerReport.Started::numeric).distinct().toList();
  }

  /**
   * The fingerprint common to all steps so far, or, where mixed bits are allowed, all of them, also
   * those of earlier launches.
   */
  String fingerprint() {
    return NumericFingerprint.joined(
        assignment.start().value().fingerprintOrNull(),
        numerics().stream().map(NumericFingerprint::sha256).toList());
  }

  Collection<WorkerReport.Started> started() {
    return started.values();
  }

  List<WorkerReport.Failed> failures() {
    return failures;
  }

  /** The step of the attempt whose gradient was not finite. */
  Optional<WorkerReport.NonFinite> nonFinite() {
    return nonFinite;
  }

  Metrics metrics() {
    return new Metrics(steps, epochs);
  }

  /** Spent on the steps that count, of all attempts. */
  double elapsedSeconds() {
    return secondsBefore + (lastStepAt - beganAt) / 1e9;
  }

  /** What was told of the run's course, in order. */
  List<RunNote> notes() {
    return List.copyOf(notes);
  }

  long examples() {
    return examples;
  }

  private void startClock() {
    if (beganAt == 0) {
      hasBegun = true;
      beganAt = lastStepAt = lastEpochAt = System.nanoTime();
    }
  }

  private void record(List<WorkerReport.Step> several) throws IOException {
    startClock();
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
            skipped(step.stepsTaken()));
    steps.add(metrics);
    log.write(metrics);
    observer.step(metrics);
    EpochSums soFar = sums.getOrDefault(step.epoch(), EpochSums.NONE).plus(step);
    sums.put(step.epoch(), soFar);
    boolean endsEpoch = assignment.schedule().isEpochStart(step.stepsTaken());
    marks.put(
        step.stepsTaken(),
        new Mark(
            examples,
            endsEpoch ? EpochSums.NONE : soFar,
            skipped(step.stepsTaken()),
            elapsedSeconds()));
    if (endsEpoch) {
      lastSteps.put(step.epoch() + 1, step);
      finishEpochs();
    }
  }

  private long skipped(long stepsTaken) {
    return skippedBefore + skippedSteps.headSet(stepsTaken, true).size();
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
      EpochSums inEpoch = sums.remove(epochsTaken - 1);
      EpochMetrics metrics =
          new EpochMetrics(
              epochsTaken,
              lastSteps.get(epochsTaken).stepsTaken(),
              examples,
              inEpoch.loss() / inEpoch.lossExamples(),
              validation == null ? Double.NaN : validation.meanLoss(),
              validation == null || !validation.isClassification()
                  ? Double.NaN
                  : validation.accuracy(),
              inEpoch.examples() / ((now - lastEpochAt) / 1e9),
              secondsBefore + (now - beganAt) / 1e9);
      lastEpochAt = now;
      epochs.add(metrics);
      log.write(metrics);
      observer.epoch(metrics);
      tellDivergence();
      decide();
    }
  }

  /** Once in a row of epochs that diverge. */
  private void tellDivergence() {
    List<Double> losses = epochs.stream().map(EpochMetrics::meanLoss).toList();
    Optional<String> now = Divergence.of(losses);
    if (now.isPresent() && Divergence.of(losses.subList(0, losses.size() - 1)).isEmpty()) {
      tell(now.get());
    }
  }

  /** To people, and for the run's record; what was told before a launch was repeated, once. */
  private void tell(String text) {
    RunNote note = new RunNote(epochs.get(epochs.size() - 1).step(), text);
    if (!notes.contains(note)) {
      LOG.warn("{}", text);
      observer.warning(text);
      notes.add(note);
    }
  }

  /** Tells the workers, who wait for it, how to go on after the epoch just recorded. */
  private void decide() {
    TrainingConfig config = assignment.config();
    String text = config.optimization().optimizer().plateau();
    double before = rateScales.get(rateScales.size() - 1);
    double scale = before;
    if (text != null) {
      Plateau plateau = Plateau.parse(text);
      scale = plateau.rateScale(EarlyEnd.values("plateau", plateau.metric(), epochs));
      if (scale != before) {
        LOG.info("plateau after epoch {}: the learning rate is scaled by {}", epochs.size(), scale);
      }
      rateScales.add(scale);
    }
    Optional<String> end = EarlyEnd.reason(config, epochs);
    if (end.isPresent()) {
      lastStep = epochs.get(epochs.size() - 1).step();
      observer.endsEarly(epochs.size(), end.get());
    }
    decisions.decide(
        epochs.size(),
        new EpochDecision(
            scale, end.isPresent() ? EpochDecision.Outlook.ENDS : EpochDecision.Outlook.GOES_ON));
  }

  /** Of the first trained block that has one. */
  private double learningRate(WorkerReport.Step step) {
    AttemptStart start = assignment.start().value();
    long iteration = start.prior().iterations() + step.stepsTaken() - 1;
    StepTime time =
        new StepTime(
            iteration,
            start.prior().epochs() + step.epoch(),
            iteration,
            rateScales.get(Math.min(step.epoch(), rateScales.size() - 1))
                * start.rates().cuts().scale(step.stepsTaken() - 1));
    return PlannedUpdates.rate(assignment.plan().model(), time).orElse(Double.NaN);
  }

  /** A step's checkpoint needs all its files, and all that is to be noted up to the step. */
  private void commitWhatIsComplete() throws IOException {
    for (long step : List.copyOf(saved.keySet())) {
      SavedParts parts = saved.get(step);
      if (!isSaved(parts) || !isNoted(step)) {
        continue;
      }
      try {
        log.keep();
        checkpoints.commit(manifest(step, parts));
        saved.headMap(step, true).clear();
        marks.headMap(step, true).clear();
        committedStep = step;
      } catch (FencedException e) {
        throw e;
      } catch (IOException e) {
        notSaved(step, e.getMessage());
        continue;
      }
      observer.checkpoint(step);
      letOlderOnesGo(step);
    }
  }

  /** What cannot be deleted takes space; the checkpoint is there all the same. */
  private void letOlderOnesGo(long step) {
    try {
      checkpoints.retain(retention);
    } catch (IOException e) {
      String text = "after the checkpoint of step " + step + ": " + e.getMessage();
      LOG.warn("{}", text);
      observer.warning(text);
    }
  }

  private boolean isSaved(SavedParts parts) {
    int covered = parts.shards().stream().mapToInt(entry -> entry.end() - entry.begin()).sum();
    // A server without a chunk of its own saves an empty shard.
    return covered == assignment.plan().server().layout().parameters()
        && parts.shards().size() == servers()
        && (!assignment.plan().savesReplicas()
            || parts.replicas().size() == assignment.config().mode().virtualWorkers());
  }

  private boolean isNoted(long step) {
    return marks.containsKey(step) && epochs.size() >= assignment.schedule().epoch(step);
  }

  private CheckpointManifest manifest(long step, SavedParts parts) {
    Mark mark = marks.get(step);
    int epochsTaken = assignment.schedule().epoch(step);
    return new CheckpointManifest(
        CheckpointManifest.FORMAT_VERSION,
        assignment.attempt().id().run(),
        assignment.attempt().id().attempt(),
        step,
        epochsTaken,
        assignment.plan().server().layout().parameters(),
        assignment.config().mode().virtualWorkers(),
        assignment.config().optimization().seed(),
        dataFingerprint,
        fingerprint(),
        identity.sha256(),
        identity,
        new RunProgress(
            mark.examples(),
            mark.sums().examples(),
            mark.sums().loss(),
            mark.sums().lossExamples(),
            mark.skipped(),
            mark.seconds(),
            epochs.subList(0, epochsTaken),
            rateScales.subList(0, Math.min(rateScales.size(), epochsTaken + 1)),
            assignment.start().value().rates().cuts().cuts(),
            notes),
        parts.shards(),
        parts.replicas());
  }

  /** The checkpoint before it stays; the run goes on, unless this was its last. */
  private void notSaved(long step, String why) {
    saved.remove(step);
    String text = "checkpoint of step " + step + " not written: " + why;
    LOG.warn("{}", text);
    observer.warning(text);
    note(step, text);
    if (step == lastStep) {
      throw new AttemptFailedException(text);
    }
  }
}
