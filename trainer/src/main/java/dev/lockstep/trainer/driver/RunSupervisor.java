package dev.lockstep.trainer.driver;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.DamagedFileException;
import dev.lockstep.trainer.checkpoint.FencedException;
import dev.lockstep.trainer.checkpoint.RateCut;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.cluster.ClusterSlots;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.AttemptStart;
import dev.lockstep.trainer.control.DriverEndpoint;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerResult;
import dev.lockstep.trainer.loop.PriorTraining;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.plan.CheckpointClock;
import dev.lockstep.trainer.plan.Phase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the steps that are left of a run, in one attempt or more: each starts from the newest
 * complete checkpoint. Lives on the driver; used once, by one thread, which blocks.
 *
 * <p>Each attempt has a number claimed in the run's folder, an endpoint and a secret of its own:
 * processes left over from an earlier one can neither report nor push to it.
 */
final class RunSupervisor {

  private static final Logger LOG = LoggerFactory.getLogger(RunSupervisor.class);

  private final JavaSparkContext spark;
  private final TrainingConfig config;
  private final ShardedDataset dataset;
  private final ModelDefinition model;
  private final StartPoint start;
  private final RunPlan plan;
  private final RunFolder folder;
  private final TrainingObserver observer;
  private final Configuration hadoop;
  private final RunCheckpoints checkpoints;
  private final RunTracker tracker;
  private final List<WorkerResult> results = new ArrayList<>();
  private RateCuts cuts = RateCuts.NONE;
  private int workers;
  private int servers;

  /** Steps of the run taken when the attempt started. */
  private long firstStep;

  private ModelState trained;

  RunSupervisor(
      JavaSparkContext spark,
      TrainingConfig config,
      ShardedDataset dataset,
      ModelDefinition model,
      StartPoint start,
      RunFolder folder,
      TrainingObserver observer) {
    this.spark = spark;
    this.config = config;
    this.dataset = dataset;
    this.model = model;
    this.start = start;
    this.plan = start.plan();
    this.folder = folder;
    this.observer = observer;
    this.hadoop = spark.hadoopConfiguration();
    Retention retention =
        new Retention(config.checkpoints().keep(), config.checkpoints().keepBest());
    CheckpointStore store = folder.checkpoints(hadoop);
    this.checkpoints = new RunCheckpoints(start, store, retention, observer);
    this.tracker = new RunTracker(config, dataset, store, retention, plan.identity(), observer);
  }

  /**
   * Takes all steps that are left.
   *
   * @param slots workers of the first attempt
   * @throws TrainingException if an attempt failed for good, or too many in a row did
   */
  void train(int slots) throws IOException {
    workers = slots;
    rewind();
    if (start.status() != StartPoint.RunStatus.NEW) {
      tracker.restore(MetricsLog.readIfThere(folder.file(RunFolder.METRICS), hadoop).steps());
    }
    do {
      takeSteps();
    } while (!readTrained());
  }

  private void takeSteps() throws IOException {
    int inVain = 0;
    while (next().isPresent()) {
      AttemptOutcome outcome = attempt();
      checkpoints.refresh();
      if (outcome instanceof AttemptOutcome.Completed && step() < tracker.committedStep()) {
        long step = tracker.committedStep();
        outcome =
            new AttemptOutcome.Failed(
                "the checkpoint of step " + step + " was damaged when it was read", null);
      }
      if (outcome instanceof AttemptOutcome.Completed) {
        inVain = 0;
      } else if (outcome instanceof AttemptOutcome.NonFiniteGradient gradient) {
        lowerRate(gradient);
      } else if (outcome instanceof AttemptOutcome.DamagedCheckpoint damaged) {
        setAside(damaged.step(), damaged.reason());
        restart(damaged.reason());
      } else if (outcome instanceof AttemptOutcome.Failed failed && next().isPresent()) {
        inVain = step() > firstStep ? 0 : inVain + 1;
        requireAnotherAttempt(failed, inVain);
        restart(failed.reason());
      }
    }
  }

  private void requireAnotherAttempt(AttemptOutcome.Failed failed, int inVain) {
    int most = config.checkpoints().maxAttempts();
    if (inVain >= most || most == 1) {
      throw new TrainingException(
          failed.reason() + FailureText.givenUp(most, inVain, checkpoints.newest()),
          failed.cause());
    }
  }

  /** Claims the next attempt and runs it; nothing is left to take where another driver did. */
  private AttemptOutcome attempt() throws IOException {
    try {
      claim();
      firstStep = step();
      Optional<Phase> phase = next();
      if (phase.isEmpty()) {
        return new AttemptOutcome.Completed(List.of());
      }
      AttemptOutcome outcome = attempt(phase.get());
      if (outcome instanceof AttemptOutcome.Completed completed) {
        results.addAll(completed.results());
      }
      return outcome;
    } catch (AttemptFailedException e) {
      return new AttemptOutcome.Failed(e.getMessage(), e);
    } catch (FencedException e) {
      throw e;
    } catch (IOException e) {
      if (!tracker.hasBegun()) {
        throw e;
      }
      // An attempt has started before: a file system that fails now may recover.
      return new AttemptOutcome.Failed("training failed: " + e.getMessage(), e);
    }
  }

  /** Returns false if the last checkpoint is damaged: its steps must be taken again. */
  private boolean readTrained() throws IOException {
    try {
      trained = checkpoints.read();
      return true;
    } catch (DamagedFileException e) {
      setAside(step(), e.getMessage());
      if (next().isPresent()) {
        restart(e.getMessage());
      }
      return false;
    }
  }

  /** In an attempt of its own: another driver may have taken the run over and come to the step. */
  private void setAside(long step, String why) throws IOException {
    claim();
    checkpoints.setAside(step, why);
  }

  private void claim() throws IOException {
    boolean first = checkpoints.attempt() == 0;
    checkpoints.claim();
    if (first) {
      checkpoints.refresh();
      rewind();
    }
  }

  private void rewind() {
    cuts = new RateCuts(checkpoints.progress().rates().cuts());
    tracker.rewind(step(), checkpoints.progress());
  }

  /** Whether no attempt has ever started, and the folder is still that of this run. */
  boolean hasLeftNothing() throws IOException {
    return !tracker.hasBegun() && checkpoints.holdOnlyTheClaim();
  }

  /** The part of the run that is to be taken up; empty when it is complete or has ended early. */
  private Optional<Phase> next() {
    return endedEarly().isPresent() ? Optional.empty() : plan.phaseAfter(step());
  }

  /** Why the run has ended before its last epoch; empty if it has not. */
  Optional<String> endedEarly() {
    return checkpoints.newest().flatMap(manifest -> EarlyEnd.reason(config, manifest));
  }

  /**
   * Lowers the rate from a step that does not depend on which checkpoints were written: where that
   * of this step is not there, the steps from an older one are taken again as they were.
   */
  private void lowerRate(AttemptOutcome.NonFiniteGradient e) throws IOException {
    if (!config.optimization().onNonFinite().lowers()) {
      throw new TrainingException(
          e.reason()
              + FailureText.lastGood(checkpoints.newest(), folder.file(RunFolder.CHECKPOINTS)),
          e.cause());
    }
    long from = plan.phaseAfter(e.step()).orElseThrow().syncPoints().lastCheckpoint(e.step());
    if (cuts.isFull()) {
      throw new TrainingException(
          e.reason()
              + "; the learning rate was lowered "
              + RateCuts.MOST
              + " times already ("
              + cuts
              + "): look at the data of that step, or begin anew with a lower learning rate"
              + " (--optimizer)"
              + FailureText.lastGood(checkpoints.newest(), folder.file(RunFolder.CHECKPOINTS)),
          e.cause());
    }
    // Later checkpoints were trained at another rate. Claimed first: another driver may own them.
    claim();
    checkpoints.deleteAfter(from);
    cuts = cuts.plus(new RateCut(from, config.optimization().onNonFinite().factor()));
    String why =
        String.format(
            Locale.ROOT,
            "the gradient of step %,d is not finite: the learning rate is multiplied by %s from"
                + " step %,d on, %s in all",
            e.step() + 1,
            config.optimization().onNonFinite().factor(),
            from + 1,
            cuts.scale(from));
    restart(why);
  }

  private void restart(String why) {
    String note =
        String.format(
            Locale.ROOT,
            "attempt %d ended: %s; restarted after step %,d",
            checkpoints.attempt(),
            why,
            step());
    LOG.warn("{}", note);
    observer.restarting(why, step());
    tracker.rewind(step(), checkpoints.progress());
    tracker.note(step(), note);
    workers =
        ClusterSlots.awaitFree(
            spark.sc(),
            config.cluster().workers() > 0
                ? config.cluster().workers()
                : config.mode().virtualWorkers(),
            config.cluster().minWorkers(),
            config.cluster().startTimeout());
  }

  private AttemptOutcome attempt(Phase phase) throws IOException {
    Optional<Broadcast<ModelState>> given =
        checkpoints.newest().isPresent()
            ? Optional.empty()
            : Optional.of(spark.broadcast(plan.origin().model(start.run())));
    try (DriverEndpoint endpoint =
            DriverEndpoint.open(
                SparkEnv.get(),
                CheckpointClock.of(config.checkpoints(), phase.syncPoints().schedule()));
        MetricsLog log =
            MetricsLog.resume(
                folder.file(RunFolder.METRICS), hadoop, step(), checkpoints.attempt())) {
      WorkerAssignment assignment =
          new WorkerAssignment(
              config,
              dataset,
              model,
              phase,
              startOf(phase, given),
              new WorkerAssignment.AttemptContext(
                  new AttemptId(start.run(), checkpoints.attempt()),
                  workers,
                  endpoint.address(),
                  endpoint.token()),
              new WorkerAssignment.CheckpointFolder(
                  folder.file(RunFolder.CHECKPOINTS).toString(),
                  new SerializableConfiguration(hadoop)));
      boolean first = !tracker.hasBegun();
      tracker.begin(assignment, log, endpoint::decide);
      return new Attempt(spark, assignment, endpoint, tracker).run(() -> started(first));
    } finally {
      given.ifPresent(Broadcast::destroy);
    }
  }

  private void started(boolean first) {
    servers = tracker.servers();
    if (first) {
      try {
        folder.reopen();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      observer.started(servers, plan.lastStep(), config.optimization().epochs());
    }
  }

  /** A phase that has not begun takes over the model that the one before has left. */
  private AttemptStart startOf(Phase phase, Optional<Broadcast<ModelState>> given) {
    PriorTraining before = plan.origin().before();
    if (given.isPresent()) {
      return AttemptStart.of(given.get(), before, cuts);
    }
    boolean begins = step() == phase.firstStep() && plan.before(phase).isPresent();
    return AttemptStart.of(
        checkpoints.newest().orElseThrow(),
        begins ? AttemptStart.WrittenIn.PHASE_BEFORE : AttemptStart.WrittenIn.THIS_PHASE,
        before,
        cuts);
  }

  private long step() {
    return checkpoints.step();
  }

  /** The different arithmetics of the last attempt's workers. */
  List<NumericFingerprint> numerics() {
    return tracker.numerics();
  }

  /** From the last checkpoint. */
  ModelState trained() {
    return trained;
  }

  RunCheckpoints checkpoints() {
    return checkpoints;
  }

  /** What the run has come to. */
  TrainingResult result(RunFolder outputs, InitialModel trained) {
    CheckpointManifest newest = checkpoints.newest().orElseThrow();
    List<WorkerResult> ofJvms =
        results.stream().filter(one -> one.worker() == one.servedFrom()).toList();
    return new TrainingResult(
        start.run(),
        outputs.path().toString(),
        RunFolder.sha256(trained.parameters(0)),
        trained,
        tracker.metrics(),
        new TrainingResult.Progress(
            step(),
            newest.progress().examples(),
            newest.progress().seconds(),
            Math.max(checkpoints.attempt(), newest.attempt()),
            tracker.notes(),
            endedEarly(),
            cuts.cuts()),
        new TrainingResult.Cluster(
            workers,
            servers,
            ofJvms.stream().mapToLong(WorkerResult::bytesSent).sum(),
            new Exchanged(
                ofJvms.stream().mapToLong(one -> one.exchanged().pushed()).sum(),
                ofJvms.stream().mapToLong(one -> one.exchanged().pulled()).sum()),
            WorkerThroughput.ofTasks(results.stream().map(WorkerResult::throughput).toList()),
            newest.numericFingerprint()));
  }
}
