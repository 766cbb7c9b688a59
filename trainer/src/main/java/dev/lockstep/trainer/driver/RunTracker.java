package dev.lockstep.trainer.driver;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.FencedException;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.EpochDecision;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Follows a run by the reports of its workers: hands each report to the part that it concerns, and
 * joins the parts' state in checkpoints. Lives on the driver; used by one thread.
 */
final class RunTracker {

  /** Who is told how to continue after an epoch. */
  interface Decisions {
    void decide(int epochsTaken, EpochDecision decision);
  }

  private final TrainingConfig config;
  private final RunIdentity identity;
  private final RunClock clock = new RunClock();
  private final RunNotes notes;
  private final StepTracker steps;
  private final EpochTracker epochs;
  private final EpochDecider decider;
  private final CheckpointCommitter committer;
  private final Map<Integer, WorkerReport.Started> started = new TreeMap<>();
  private final List<WorkerReport.Failed> failures = new ArrayList<>();
  private Optional<WorkerReport.NonFinite> nonFinite = Optional.empty();
  private Optional<WorkerReport.DamagedCheckpoint> damaged = Optional.empty();
  private WorkerAssignment assignment;
  private MetricsLog log;
  private Decisions decisions;
  private boolean hasBegun;

  /** Steps taken when the attempt is complete: fewer where the run ends early. */
  private long lastStep;

  /**
   * Starts without a step.
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
    this.config = config;
    this.identity = identity;
    PairwiseTree tree = new PairwiseTree(config.mode().virtualWorkers());
    this.notes = new RunNotes(observer);
    this.steps = new StepTracker(tree, observer, clock);
    this.epochs =
        new EpochTracker(tree, new ReadPlan(config, dataset).validates(), observer, steps, clock);
    this.decider = new EpochDecider(config, observer, notes);
    this.committer = new CheckpointCommitter(checkpoints, retention, observer, notes);
  }

  /**
   * Goes back to a checkpoint, or to the start of the run, and forgets what came after it.
   *
   * @param step of the checkpoint
   * @param progress of the checkpoint
   */
  void rewind(long step, RunProgress progress) {
    clock.rewind(progress.seconds());
    steps.rewind(step, progress);
    epochs.rewind(progress.epochs());
    decider.rewind(progress.rates().scales());
    notes.restore(progress.notes());
  }

  /**
   * Continues with the workers of another attempt, where it was rewound to or where the attempt
   * before has ended.
   *
   * @param next what they are told
   * @param file where metrics are written from now on; holds those up to its first step
   * @param deciders who are told how to continue after an epoch
   */
  void begin(WorkerAssignment next, MetricsLog file, Decisions deciders) {
    assignment = next;
    log = file;
    decisions = deciders;
    started.clear();
    failures.clear();
    nonFinite = Optional.empty();
    damaged = Optional.empty();
    lastStep = next.lastStep();
    clock.pause();
    steps.begin(next, file);
    epochs.begin(file);
    committer.begin(next);
  }

  /** Takes over the steps that an earlier command has logged. */
  void restore(List<StepMetrics> earlier) {
    steps.restore(earlier);
  }

  /** Adds a line about the run's course. */
  void note(long step, String line) {
    notes.add(step, line);
  }

  void accept(WorkerReport report) throws IOException {
    if (report instanceof WorkerReport.Started one) {
      started.put(one.worker(), one);
      if (allStarted()) {
        startClock();
      }
    } else if (report instanceof WorkerReport.Steps several) {
      record(several.steps());
    } else if (report instanceof WorkerReport.LocalSteps parts) {
      record(steps.join(parts));
    } else if (report instanceof WorkerReport.Skipped skipped) {
      steps.skip(skipped);
    } else if (report instanceof WorkerReport.Validated part) {
      epochs.validated(part);
      finishEpochs();
    } else if (report instanceof WorkerReport.ShardSaved one) {
      committer.shard(one);
    } else if (report instanceof WorkerReport.ReplicaSaved one) {
      committer.replica(one);
    } else if (report instanceof WorkerReport.NotSaved lost) {
      lostCheckpoint(lost.step(), lost.file() + ": " + lost.reason());
    } else if (report instanceof WorkerReport.NonFinite one) {
      nonFinite = Optional.of(one);
    } else if (report instanceof WorkerReport.DamagedCheckpoint one) {
      damaged = Optional.of(one);
    } else if (report instanceof WorkerReport.Failed failed) {
      failures.add(failed);
    }
    commitComplete();
  }

  private void startClock() {
    hasBegun = true;
    clock.start();
  }

  private void record(List<WorkerReport.Step> several) throws IOException {
    if (several.isEmpty()) {
      return;
    }
    startClock();
    double examplesPerSecond =
        clock.steps(several.stream().mapToLong(WorkerReport.Step::examples).sum());
    for (WorkerReport.Step step : several) {
      steps.record(step, decider.rateScale(step.epoch()), examplesPerSecond);
      if (assignment.schedule().isEpochStart(step.stepsTaken())) {
        epochs.endsWith(step);
        finishEpochs();
      }
    }
  }

  /** Records the epochs that are complete, and tells the workers, who wait, how to continue. */
  private void finishEpochs() throws IOException {
    while (epochs.recordNext()) {
      EpochDecision decision = decider.decide(epochs.all());
      int epochsTaken = epochs.all().size();
      if (decision.outlook() == EpochDecision.Outlook.ENDS) {
        lastStep = epochs.all().get(epochsTaken - 1).step();
      }
      decisions.decide(epochsTaken, decision);
    }
  }

  /** A checkpoint needs all its files, and the metrics of all steps up to its own. */
  private void commitComplete() throws IOException {
    for (long step : committer.complete(servers())) {
      if (steps.totals(step) == null || epochs.all().size() < assignment.schedule().epoch(step)) {
        continue;
      }
      try {
        log.keep();
        committer.commit(manifest(step));
        steps.committed(step);
      } catch (FencedException e) {
        throw e;
      } catch (IOException e) {
        lostCheckpoint(step, e.getMessage());
      }
    }
  }

  /** The run continues without a checkpoint, unless it was its last. */
  private void lostCheckpoint(long step, String why) {
    String text = committer.lost(step, why);
    if (step == lastStep) {
      throw new AttemptFailedException(text);
    }
  }

  private CheckpointManifest manifest(long step) {
    CheckpointCommitter.Files files = committer.files(step);
    return new CheckpointManifest(
        assignment.attempt().id(),
        step,
        fingerprint(),
        identity,
        progress(step, assignment.schedule().epoch(step)),
        new CheckpointManifest.Contents(
            assignment.plan().server().layout().parameters(),
            config.mode().virtualWorkers(),
            files.shards(),
            files.replicas()));
  }

  private RunProgress progress(long step, int epochsTaken) {
    StepTracker.Totals totals = steps.totals(step);
    return new RunProgress(
        totals.examples(),
        totals.skipped(),
        totals.seconds(),
        totals.epoch(),
        epochs.all().subList(0, epochsTaken),
        new RunProgress.Rates(
            decider.rateScales(epochsTaken), assignment.start().rates().cuts().cuts()),
        notes.all());
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
    return committer.committedStep();
  }

  /** Whether all that a complete attempt reports has arrived. */
  boolean isComplete() {
    return committedStep() == lastStep
        && epochs.all().size() == assignment.schedule().epoch(lastStep);
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
   * those of earlier attempts.
   */
  private String fingerprint() {
    return NumericFingerprint.joined(
        assignment.start().fingerprintOrNull(),
        numerics().stream().map(NumericFingerprint::sha256).toList());
  }

  Collection<WorkerReport.Started> started() {
    return started.values();
  }

  List<WorkerReport.Failed> failures() {
    return failures;
  }

  /** The checkpoint that the attempt started from, if a worker found it damaged. */
  Optional<WorkerReport.DamagedCheckpoint> damaged() {
    return damaged;
  }

  /** The step of the attempt whose gradient was not finite. */
  Optional<WorkerReport.NonFinite> nonFinite() {
    return nonFinite;
  }

  Metrics metrics() {
    return new Metrics(steps.all(), epochs.all());
  }

  List<RunNote> notes() {
    return notes.all();
  }
}
