package dev.lockstep.trainer.spark;

import dev.lockstep.ps.server.AttemptId;
import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.trainer.checkpoint.AttemptClaim;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.RateCut;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.NumericFingerprint;
import dev.lockstep.trainer.report.MetricsLog;
import dev.lockstep.trainer.report.WorkerThroughput;
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
 * Launches what is left of a run, and again from the newest complete checkpoint where a launch
 * fails in a way that another one may mend. Lives on the driver; used once, by one thread, which
 * blocks.
 *
 * <p>Each launch is an attempt with a number claimed in the run's folder, an endpoint and a secret
 * of its own: what is left of an earlier one can neither report nor push to it.
 */
final class Launches {

  private static final Logger LOG = LoggerFactory.getLogger(Launches.class);

  private final JavaSparkContext spark;
  private final TrainingConfig config;
  private final Dataset dataset;
  private final ModelDefinition model;
  private final RunHistory.Beginning beginning;
  private final RunPlan plan;
  private final RunFolder folder;
  private final TrainingObserver observer;
  private final Configuration hadoop;
  private final CheckpointStore checkpoints;
  private final RunJournal journal;
  private final List<TrainingTask.Result> results = new ArrayList<>();
  private Optional<CheckpointStore.Snapshot> newest;
  private RateCuts cuts = RateCuts.NONE;
  private int workers;
  private int servers;
  private int launched;

  Launches(
      JavaSparkContext spark,
      TrainingConfig config,
      Dataset dataset,
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
    this.journal =
        new RunJournal(config, dataset, checkpoints, retention(), plan.determinants(), observer);
  }

  /**
   * Takes all steps that are left.
   *
   * @param slots workers of the first launch
   * @throws TrainingException if a launch failed for good, or too many in a row did
   */
  void train(int slots) throws IOException {
    if (beginning.standing() == RunHistory.Standing.WARM) {
      newest = checkpoints.newest(observer::warning);
    } else if (beginning.standing() == RunHistory.Standing.GOES_ON) {
      journal.recall(MetricsLog.readIfThere(folder.file(RunFolder.METRICS), hadoop).steps());
    }
    journal.rewind(step(), progress());
    cuts = new RateCuts(progress().rateCuts());
    workers = slots;
    int inVain = 0;
    for (Optional<Phase> phase = next(); phase.isPresent(); phase = next()) {
      long before = step();
      try {
        launch(phase.get());
        inVain = 0;
        newest = checkpoints.newest(observer::warning);
      } catch (AttemptFailedException e) {
        newest = checkpoints.newest(observer::warning);
        inVain = step() > before ? 1 : inVain + 1;
        if (inVain >= config.maxAttempts()) {
          throw new TrainingException(e.getMessage() + givenUp(inVain), e);
        }
        relaunching(e.getMessage());
      } catch (NonFiniteStepException e) {
        goBack(phase.get(), e);
      }
    }
  }

  /** The part of the run that is to be taken up; empty when it is complete or has ended early. */
  private Optional<Phase> next() {
    return endedEarly().isPresent() ? Optional.empty() : plan.phaseAfter(step());
  }

  /** Why the run has ended before its last epoch; empty if it has not. */
  Optional<String> endedEarly() {
    return newest.flatMap(snapshot -> EarlyEnd.reason(config, snapshot.manifest()));
  }

  /** What the learning rate was multiplied by after gradients that were not finite. */
  RateCuts cuts() {
    return cuts;
  }

  /**
   * Lowers the rate from a step that does not depend on which checkpoints were written: where that
   * of this step is not there, the steps from an older one are taken again as they were.
   */
  private void goBack(Phase phase, NonFiniteStepException e) throws IOException {
    newest = checkpoints.newest(observer::warning);
    if (config.onNonFinite().answer() != NonFinitePolicy.Answer.LOWER) {
      throw new TrainingException(e.getMessage() + lastGood(), e);
    }
    long from = phase.milestones().lastCheckpoint(e.step());
    if (cuts.isFull()) {
      throw new TrainingException(
          e.getMessage()
              + "; the learning rate was lowered "
              + RateCuts.MOST
              + " times already ("
              + cuts
              + "): look at the data of that step, or begin anew with a lower --lr"
              + lastGood(),
          e);
    }
    // Taken at another rate, they are not of this run any more.
    checkpoints.deleteAfter(from);
    newest = checkpoints.newest(observer::warning);
    cuts = cuts.plus(new RateCut(from, config.onNonFinite().factor()));
    String why =
        String.format(
            Locale.ROOT,
            "the gradient of step %,d is not finite: the learning rate is multiplied by %s from"
                + " step %,d on, %s in all",
            e.step() + 1,
            config.onNonFinite().factor(),
            from + 1,
            cuts.scale(from));
    relaunching(why);
  }

  private String lastGood() {
    return newest
        .map(
            snapshot ->
                "; the last good checkpoint is of step "
                    + snapshot.manifest().step()
                    + " in "
                    + folder.file(RunFolder.CHECKPOINTS)
                    + ": go on from it with --warm-start and, say, a lower --lr, or with"
                    + " --on-non-finite lower:0.5 or skip")
        .orElse("; there is no complete checkpoint yet: take them with --checkpoint-every");
  }

  private void relaunching(String why) {
    String note =
        String.format(
            Locale.ROOT,
            "attempt %d ended: %s; launched again after step %,d",
            launched,
            why,
            step());
    LOG.warn("{}", note);
    observer.relaunching(why, step());
    journal.rewind(step(), progress());
    journal.note(step(), note);
    workers =
        ClusterSlots.awaitFree(
            spark.sc(),
            config.workers() > 0 ? config.workers() : config.virtualWorkers(),
            config.minWorkers(),
            config.launchTimeout());
  }

  private String givenUp(int inVain) {
    String launches =
        config.maxAttempts() == 1
            ? ""
            : "; given up after " + inVain + " launches in a row without a new checkpoint";
    return launches
        + newest
            .map(
                snapshot ->
                    "; the newest complete checkpoint is of step "
                        + snapshot.manifest().step()
                        + ": the same command goes on from it")
            .orElse("; there is no complete checkpoint yet: take them with --checkpoint-every");
  }

  private void launch(Phase phase) throws IOException {
    AttemptClaim claim = checkpoints.claim(beginning.run(), plan.determinants(), Instant.now());
    launched = claim.attempt();
    Broadcast<TrainingTask.Start> start = spark.broadcast(start(phase));
    try (DriverEndpoint endpoint = DriverEndpoint.open(SparkEnv.get(), clock(phase));
        MetricsLog log = MetricsLog.resume(folder.file(RunFolder.METRICS), hadoop, step())) {
      TrainingTask.Assignment assignment =
          new TrainingTask.Assignment(
              config,
              new AttemptId(beginning.run(), claim.attempt()),
              endpoint.token(),
              workers,
              dataset,
              model,
              phase.plan(),
              start,
              phase.milestones(),
              endpoint.address(),
              folder.file(RunFolder.CHECKPOINTS).toString(),
              new SerializableConfiguration(hadoop));
      boolean first = !journal.hasBegun();
      journal.begin(assignment, log, endpoint::decide);
      results.addAll(new Attempt(spark, assignment, endpoint, journal).run(() -> started(first)));
    } finally {
      start.destroy();
    }
  }

  /** Asked only where checkpoints come by time. */
  private CheckpointClock clock(Phase phase) {
    Optional<Duration> interval =
        Optional.ofNullable(config.checkpointEvery()).flatMap(CheckpointInterval::time);
    return new CheckpointClock(interval.orElse(Duration.ZERO), phase.milestones().pace());
  }

  private void started(boolean first) {
    servers = journal.servers();
    if (first) {
      try {
        folder.reopen();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      observer.started(servers, plan.lastStep(), config.epochs());
    }
  }

  /** A phase that has not begun takes over the model that the one before has left. */
  private TrainingTask.Start start(Phase phase) throws IOException {
    TrainingTask.TrainedBefore before = plan.origin().before();
    if (newest.isEmpty()) {
      return TrainingTask.Start.of(phase.plan(), plan.origin().state(), 0, before).with(cuts);
    }
    CheckpointStore.Snapshot snapshot = newest.get();
    Optional<Phase> previous = plan.before(phase);
    TrainingTask.Start start =
        step() == phase.firstStep() && previous.isPresent()
            ? TrainingTask.Start.of(
                phase.plan(),
                ModelState.of(previous.get().plan(), snapshot, checkpoints),
                step(),
                before)
            : TrainingTask.Start.of(snapshot, before);
    return start.after(snapshot.manifest()).with(cuts);
  }

  private Retention retention() {
    return new Retention(
        config.keepCheckpoints(),
        config.keepBest() == null ? null : Retention.BestBy.valueOf(config.keepBest().name()));
  }

  private RunProgress progress() {
    return newest.map(snapshot -> snapshot.manifest().progress()).orElse(RunProgress.none());
  }

  private long step() {
    return newest.map(snapshot -> snapshot.manifest().step()).orElse(0L);
  }

  /** Steps taken in all. */
  long steps() {
    return step();
  }

  /** The different arithmetics of the last launch's workers. */
  List<NumericFingerprint> numerics() {
    return journal.numerics();
  }

  /** The trained model, from the last checkpoint. */
  ModelState trained() throws IOException {
    return state(newest.orElseThrow());
  }

  private ModelState state(CheckpointStore.Snapshot snapshot) throws IOException {
    long step = snapshot.manifest().step();
    Phase taken =
        plan.phases().stream()
            .filter(phase -> step <= phase.milestones().lastStep())
            .findFirst()
            .orElseThrow();
    return ModelState.of(taken.plan(), snapshot, checkpoints);
  }

  /**
   * The model of the best checkpoint.
   *
   * @param step steps of the run taken
   * @param epoch epochs of the run completed
   */
  record Best(ModelState state, long step, int epoch) {}

  /** Empty where no best one is kept, or none has a validation. */
  Optional<Best> best() throws IOException {
    Optional<CheckpointManifest> best = retention().best(checkpoints.complete());
    if (best.isEmpty()) {
      return Optional.empty();
    }
    CheckpointStore.Snapshot snapshot = checkpoints.read(best.get().step());
    return Optional.of(new Best(state(snapshot), best.get().step(), best.get().epoch()));
  }

  /** What the run has come to. */
  TrainingResult result(RunFolder outputs, InitialModel trained) {
    List<TrainingTask.Result> ofJvms =
        results.stream().filter(one -> one.worker() == one.servedFrom()).toList();
    return new TrainingResult(
        beginning.run(),
        outputs.path().toString(),
        RunFolder.sha256(trained.parameters(0)),
        trained,
        step(),
        journal.metrics(),
        launched,
        journal.notes(),
        endedEarly(),
        cuts.cuts(),
        workers,
        servers,
        ofJvms.stream().mapToLong(TrainingTask.Result::bytesSent).sum(),
        new Exchanged(
            ofJvms.stream().mapToLong(TrainingTask.Result::bytesPushed).sum(),
            ofJvms.stream().mapToLong(TrainingTask.Result::bytesPulled).sum()),
        throughputs(),
        progress().seconds(),
        progress().examples(),
        newest.orElseThrow().manifest().numericFingerprint());
  }

  /** Attempts of a worker on the same executor are one. */
  private List<WorkerThroughput> throughputs() {
    List<WorkerThroughput> all = new ArrayList<>();
    for (TrainingTask.Result result : results) {
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
