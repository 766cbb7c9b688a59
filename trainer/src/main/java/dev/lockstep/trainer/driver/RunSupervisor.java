package dev.lockstep.trainer.driver;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.DamagedFileException;
import dev.lockstep.trainer.checkpoint.FencedException;
import dev.lockstep.trainer.checkpoint.ModelReader;
import dev.lockstep.trainer.checkpoint.RateCut;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.cluster.ClusterSlots;
import dev.lockstep.trainer.config.CheckpointInterval;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
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
 * Takes the steps that are left of a run, and again from the newest complete checkpoint where an
 * attempt fails in a way that another one may mend. Lives on the driver; used once, by one thread,
 * which blocks.
 *
 * <p>Each attempt has a number claimed in the run's folder, an endpoint and a secret of its own:
 * what is left of an earlier one can neither report nor push to it.
 */
final class RunSupervisor {

  private static final Logger LOG = LoggerFactory.getLogger(RunSupervisor.class);

  private final JavaSparkContext spark;
  private final TrainingConfig config;
  private final ShardedDataset dataset;
  private final ModelDefinition model;
  private final RunHistory.Beginning beginning;
  private final RunPlan plan;
  private final RunFolder folder;
  private final TrainingObserver observer;
  private final Configuration hadoop;
  private final CheckpointStore checkpoints;
  private final RunTracker tracker;
  private final List<WorkerResult> results = new ArrayList<>();
  private Optional<CheckpointManifest> newest;
  private RateCuts cuts = RateCuts.NONE;
  private int workers;
  private int servers;
  private int attempt;
  private ModelState trained;

  RunSupervisor(
      JavaSparkContext spark,
      TrainingConfig config,
      ShardedDataset dataset,
      ModelDefinition model,
      RunHistory.Beginning beginning,
      RunFolder folder,
      TrainingObserver observer) {
    this.spark = spark;
    this.config = config;
    this.dataset = dataset;
    this.model = model;
    this.beginning = beginning;
    this.plan = beginning.plan();
    this.folder = folder;
    this.observer = observer;
    this.hadoop = spark.hadoopConfiguration();
    this.checkpoints = folder.checkpoints(hadoop);
    this.newest = beginning.from();
    this.tracker =
        new RunTracker(config, dataset, checkpoints, retention(), plan.identity(), observer);
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
    if (beginning.standing() != RunHistory.Standing.NEW) {
      tracker.restore(MetricsLog.readIfThere(folder.file(RunFolder.METRICS), hadoop).steps());
    }
    do {
      takeSteps();
    } while (!readTrained());
  }

  private void takeSteps() throws IOException {
    int inVain = 0;
    while (next().isPresent()) {
      long before = step();
      try {
        claim();
        Optional<Phase> phase = next();
        if (phase.isEmpty()) {
          return;
        }
        before = step();
        attempt(phase.get());
        readNewest();
        requireUndamaged();
        inVain = 0;
      } catch (AttemptFailedException e) {
        readNewest();
        if (next().isEmpty()) {
          // All was done but to say so.
          return;
        }
        inVain = step() > before ? 0 : inVain + 1;
        if (inVain >= config.checkpoints().maxAttempts()
            || config.checkpoints().maxAttempts() == 1) {
          throw new TrainingException(e.getMessage() + givenUp(inVain), e);
        }
        relaunching(e.getMessage());
      } catch (DamagedCheckpointException e) {
        setAside(e.found().step(), e.found().reason());
        relaunching(e.found().reason());
      } catch (NonFiniteStepException e) {
        goBack(e);
      }
    }
  }

  /** Returns false where the last checkpoint is damaged: steps must be taken again. */
  private boolean readTrained() throws IOException {
    try {
      trained = read(newest.orElseThrow());
      return true;
    } catch (DamagedFileException e) {
      setAside(step(), e.getMessage());
      if (next().isPresent()) {
        relaunching(e.getMessage());
      }
      return false;
    }
  }

  /** In an attempt of its own: another driver may have taken the run over and come to the step. */
  private void setAside(long step, String why) throws IOException {
    claim();
    if (newest.isPresent() && step() == step) {
      checkpoints.setAside(step, why, observer::warning);
    }
    readNewest();
  }

  /**
   * Takes the next number. Before the first one another driver may have gone on with the run: what
   * it has left is taken over; after it, this driver was overtaken.
   */
  private void claim() throws IOException {
    try {
      if (attempt > 0) {
        attempt =
            checkpoints
                .claimAfter(beginning.run(), plan.identity(), Instant.now(), attempt)
                .attempt();
        return;
      }
      attempt = checkpoints.claim(beginning.run(), plan.identity(), Instant.now()).attempt();
    } catch (FencedException e) {
      throw e;
    } catch (IOException e) {
      throw mayPass(e);
    }
    readNewest();
    rewind();
  }

  private void rewind() {
    cuts = new RateCuts(progress().rateCuts());
    tracker.rewind(step(), progress());
  }

  private void readNewest() throws IOException {
    newest = checkpoints.newest(observer::warning);
  }

  /** What was committed may be found damaged when it is read. */
  private void requireUndamaged() {
    if (step() < tracker.committedStep()) {
      throw new AttemptFailedException(
          "the checkpoint of step " + tracker.committedStep() + " was damaged when it was read");
    }
  }

  /** Once an attempt has started, what fails outside of workers may pass, too. */
  private IOException mayPass(IOException e) {
    if (tracker.hasBegun()) {
      throw new AttemptFailedException("training failed: " + e.getMessage(), e);
    }
    return e;
  }

  /** Whether no attempt has ever started, and the folder is still that of this run. */
  boolean hasLeftNothing() throws IOException {
    return !tracker.hasBegun()
        && attempt > 0
        && checkpoints
            .newestClaim()
            .filter(claim -> claim.run().equals(beginning.run()) && claim.attempt() == attempt)
            .isPresent()
        && checkpoints.complete().isEmpty();
  }

  /** The part of the run that is to be taken up; empty when it is complete or has ended early. */
  private Optional<Phase> next() {
    return endedEarly().isPresent() ? Optional.empty() : plan.phaseAfter(step());
  }

  /** Why the run has ended before its last epoch; empty if it has not. */
  Optional<String> endedEarly() {
    return newest.flatMap(manifest -> EarlyEnd.reason(config, manifest));
  }

  /** What the learning rate was multiplied by after gradients that were not finite. */
  RateCuts cuts() {
    return cuts;
  }

  /**
   * Lowers the rate from a step that does not depend on which checkpoints were written: where that
   * of this step is not there, the steps from an older one are taken again as they were.
   */
  private void goBack(NonFiniteStepException e) throws IOException {
    readNewest();
    if (!config.optimization().onNonFinite().lowers()) {
      throw new TrainingException(e.getMessage() + lastGood(), e);
    }
    long from = plan.phaseAfter(e.step()).orElseThrow().syncPoints().lastCheckpoint(e.step());
    if (cuts.isFull()) {
      throw new TrainingException(
          e.getMessage()
              + "; the learning rate was lowered "
              + RateCuts.MOST
              + " times already ("
              + cuts
              + "): look at the data of that step, or begin anew with a lower learning rate"
              + " (--optimizer)"
              + lastGood(),
          e);
    }
    // Taken at another rate, later ones are not of this run any more: not if another driver's.
    claim();
    checkpoints.deleteAfter(from);
    readNewest();
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
    relaunching(why);
  }

  private String lastGood() {
    return newest
        .map(
            manifest ->
                "; the last good checkpoint is of step "
                    + manifest.step()
                    + " in "
                    + folder.file(RunFolder.CHECKPOINTS)
                    + ": go on from it with --warm-start and a lower learning rate (--optimizer),"
                    + " or with --on-non-finite lower:0.5 or skip")
        .orElse("; there is no complete checkpoint yet: take them with --checkpoint-every");
  }

  private void relaunching(String why) {
    String note =
        String.format(
            Locale.ROOT,
            "attempt %d ended: %s; launched again after step %,d",
            attempt,
            why,
            step());
    LOG.warn("{}", note);
    observer.relaunching(why, step());
    tracker.rewind(step(), progress());
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

  private String givenUp(int inVain) {
    String attempts =
        config.checkpoints().maxAttempts() == 1
            ? ""
            : "; given up after " + inVain + " attempts in a row without a new checkpoint";
    return attempts
        + newest
            .map(
                manifest ->
                    "; the newest complete checkpoint is of step "
                        + manifest.step()
                        + ": the same command goes on from it")
            .orElse("; there is no complete checkpoint yet: take them with --checkpoint-every");
  }

  private void attempt(Phase phase) throws IOException {
    Optional<Broadcast<ModelState>> given =
        newest.isPresent() ? Optional.empty() : Optional.of(spark.broadcast(givenModel()));
    try (DriverEndpoint endpoint = DriverEndpoint.open(SparkEnv.get(), clock(phase));
        MetricsLog log =
            MetricsLog.resume(folder.file(RunFolder.METRICS), hadoop, step(), attempt)) {
      WorkerAssignment assignment =
          new WorkerAssignment(
              config,
              dataset,
              model,
              phase,
              start(phase, given),
              new WorkerAssignment.AttemptContext(
                  new AttemptId(beginning.run(), attempt),
                  workers,
                  endpoint.address(),
                  endpoint.token()),
              new WorkerAssignment.CheckpointFolder(
                  folder.file(RunFolder.CHECKPOINTS).toString(),
                  new SerializableConfiguration(hadoop)));
      boolean first = !tracker.hasBegun();
      tracker.begin(assignment, log, endpoint::decide);
      results.addAll(new Attempt(spark, assignment, endpoint, tracker).run(() -> started(first)));
    } catch (FencedException e) {
      throw e;
    } catch (IOException e) {
      throw mayPass(e);
    } finally {
      given.ifPresent(Broadcast::destroy);
    }
  }

  /** Asked only where checkpoints come by time. */
  private CheckpointClock clock(Phase phase) {
    Optional<Duration> interval =
        Optional.ofNullable(config.checkpoints().every()).flatMap(CheckpointInterval::time);
    return new CheckpointClock(interval.orElse(Duration.ZERO), phase.syncPoints().schedule());
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

  /** The model that a run without a checkpoint starts from. */
  private ModelState givenModel() {
    if (plan.origin().state() == null) {
      throw new TrainingException(
          beginning.run()
              + " began with the parameters "
              + plan.origin().text()
              + ", and none of its checkpoints is left undamaged: start it again from the"
              + " folder before-RUN of that run, or replace it with --overwrite");
    }
    return plan.origin().state();
  }

  /** A phase that has not begun takes over the model that the one before has left. */
  private AttemptStart start(Phase phase, Optional<Broadcast<ModelState>> given) {
    PriorTraining before = plan.origin().before();
    if (given.isPresent()) {
      return AttemptStart.of(given.get(), before, cuts);
    }
    boolean begins = step() == phase.firstStep() && plan.before(phase).isPresent();
    return AttemptStart.of(
        newest.orElseThrow(),
        begins ? AttemptStart.WrittenIn.PHASE_BEFORE : AttemptStart.WrittenIn.THIS_PHASE,
        before,
        cuts);
  }

  private Retention retention() {
    return new Retention(config.checkpoints().keep(), config.checkpoints().keepBest());
  }

  private RunProgress progress() {
    return newest.map(manifest -> manifest.progress()).orElse(RunProgress.none());
  }

  private long step() {
    return newest.map(manifest -> manifest.step()).orElse(0L);
  }

  /** Steps taken in all. */
  long steps() {
    return step();
  }

  /** The different arithmetics of the last attempt's workers. */
  List<NumericFingerprint> numerics() {
    return tracker.numerics();
  }

  /** The trained model, from the last checkpoint. */
  ModelState trained() {
    return trained;
  }

  private ModelState read(CheckpointManifest manifest) throws IOException {
    Phase taken =
        plan.phases().stream()
            .filter(phase -> manifest.step() <= phase.syncPoints().lastStep())
            .findFirst()
            .orElseThrow();
    return ModelReader.read(taken.plan(), checkpoints.open(manifest));
  }

  /**
   * The model of the best checkpoint.
   *
   * @param step steps of the run taken
   * @param epoch epochs of the run completed
   */
  record Best(ModelState state, long step, int epoch) {}

  /** Empty where no best one is kept, or none has a validation; a damaged one does not count. */
  Optional<Best> best() throws IOException {
    List<CheckpointManifest> complete = new ArrayList<>(checkpoints.complete());
    for (Optional<CheckpointManifest> best = retention().best(complete);
        best.isPresent();
        best = retention().best(complete)) {
      CheckpointManifest one = best.get();
      try {
        return Optional.of(new Best(read(one), one.step(), one.epoch()));
      } catch (IOException e) {
        observer.warning("the best checkpoint is not to be had: " + e.getMessage());
        complete.remove(one);
      }
    }
    return Optional.empty();
  }

  /** What the run has come to. */
  TrainingResult result(RunFolder outputs, InitialModel trained) {
    List<WorkerResult> ofJvms =
        results.stream().filter(one -> one.worker() == one.servedFrom()).toList();
    return new TrainingResult(
        beginning.run(),
        outputs.path().toString(),
        RunFolder.sha256(trained.parameters(0)),
        trained,
        tracker.metrics(),
        new TrainingResult.Progress(
            step(),
            progress().examples(),
            progress().seconds(),
            Math.max(attempt, newest.orElseThrow().attempt()),
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
            throughputs(),
            newest.orElseThrow().numericFingerprint()));
  }

  /** Attempts of a worker on the same executor are one. */
  private List<WorkerThroughput> throughputs() {
    List<WorkerThroughput> all = new ArrayList<>();
    for (WorkerResult result : results) {
      WorkerThroughput next = result.throughput();
      int known = 0;
      while (known < all.size() && !all.get(known).isOfSameTask(next)) {
        known++;
      }
      if (known < all.size()) {
        all.set(known, all.get(known).plus(next));
      } else {
        all.add(next);
      }
    }
    all.sort(Comparator.comparingInt(WorkerThroughput::worker));
    return all;
  }
}
