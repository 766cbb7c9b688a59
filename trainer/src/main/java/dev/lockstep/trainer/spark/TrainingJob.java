package dev.lockstep.trainer.spark;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.ps.server.AttemptId;
import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.StreamRequest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.Pace;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelValidation;
import dev.lockstep.trainer.model.NumericProfile;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.report.HtmlReport;
import dev.lockstep.trainer.report.MetricsLog;
import dev.lockstep.trainer.report.WorkerThroughput;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training on a cluster, seen by the driver: checks everything that can be checked, launches
 * the barrier stage, writes down what the workers report, and turns the last checkpoint into the
 * run's outputs. Holds θ, never a gradient. Used once, by one thread, which blocks.
 */
public final class TrainingJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingJob.class);

  /** How long reports may trail the end of the stage. */
  private static final Duration LAST_REPORTS = Duration.ofSeconds(15);

  private static final List<String> GROUP_PROPERTIES =
      List.of("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel");

  /** How long a worker's reason may trail the failure of the stage. */
  private static final Duration REASONS = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(50);

  private final JavaSparkContext spark;
  private final TrainingConfig config;
  private final InitialModel initial;
  private final ModelDefinition model;
  private final Dataset dataset;
  private final TrainingObserver observer;
  private final Configuration hadoop;

  /** Checks nothing yet and launches nothing. */
  public TrainingJob(
      JavaSparkContext spark,
      TrainingConfig config,
      InitialModel initial,
      Dataset dataset,
      TrainingObserver observer) {
    this.spark = spark;
    this.config = config.resolvedFor(dataset.shardSet());
    this.initial = initial;
    this.model = initial.definition();
    this.dataset = dataset;
    this.observer = observer;
    this.hadoop = spark.hadoopConfiguration();
  }

  /**
   * Trains.
   *
   * @throws IllegalArgumentException if model, data and configuration do not fit each other
   * @throws IllegalStateException if the Spark context is not fit for training
   * @throws TrainingException if it could not be launched or failed
   * @throws IOException if outputs cannot be written
   */
  public TrainingResult run() throws IOException {
    requireStartable(spark, config);
    ModelValidation.check(model, dataset.shardSet().tensors(), config.virtualWorkers(), clipping());
    Augmenter.requireFit(config.augmentation(), dataset.shardSet().tensors());
    requirePlateauIsSeen(
        config, TrainingTask.validates(config, dataset) ? Validation.EVERY_EPOCH : Validation.NONE);
    ModePlan ofModel = ModePlan.of(config, model.updatePlan(clipping()));
    Pace pace = new Pace(microBatchesPerEpoch(), config.accumulate(), ofModel.roundSteps());
    RunLength length =
        new RunLength(iterationsBefore(), epochsBefore(), pace.stepsPerEpoch(), config.epochs());
    ModePlan plan =
        ModePlan.of(
            config, PlannedUpdates.of(config, ofModel.model(), model.vectorBlocks(), length));
    List<Phase> phases = Phase.of(config, plan, pace);
    RunFolder folder = new RunFolder(config.out(), hadoop);
    int workers =
        ClusterSlots.await(
            spark.sc(), config.workers(), config.virtualWorkers(), config.launchTimeout());
    announce(plan, pace, workers);
    folder.clear();

    String run = newRunId();
    try (DriverEndpoint endpoint = DriverEndpoint.open(SparkEnv.get());
        MetricsLog log = MetricsLog.create(folder.file(RunFolder.METRICS), hadoop)) {
      CheckpointStore checkpoints = new CheckpointStore(folder.file(RunFolder.CHECKPOINTS), hadoop);
      RunJournal journal = null;
      TrainingTask.Assignment assignment = null;
      List<TrainingTask.Result> results = new ArrayList<>();
      ModelState state =
          new ModelState(
              initial.parameters(config.seed()), replacesUpdaters() ? null : initial.state());
      for (Phase phase : phases) {
        TrainingTask.Start start =
            TrainingTask.Start.of(
                phase.plan(), state, phase.firstStep(), iterationsBefore(), epochsBefore());
        Broadcast<TrainingTask.Start> broadcast = spark.broadcast(start);
        try {
          assignment =
              new TrainingTask.Assignment(
                  config,
                  new AttemptId(run, phase.attempt()),
                  endpoint.token(),
                  workers,
                  dataset,
                  model,
                  phase.plan(),
                  broadcast,
                  phase.milestones(),
                  endpoint.address(),
                  folder.file(RunFolder.CHECKPOINTS).toString(),
                  new SerializableConfiguration(hadoop));
          if (journal == null) {
            journal = new RunJournal(assignment, checkpoints, log, observer, endpoint::decide);
          } else {
            journal.begin(assignment);
          }
          results.addAll(launch(assignment, endpoint, journal));
          state =
              ModelState.of(
                  phase.plan(), checkpoints.read(phase.milestones().lastStep()), checkpoints);
        } finally {
          broadcast.destroy();
        }
      }
      return finish(folder, assignment, state, journal, results);
    } catch (IOException | RuntimeException e) {
      folder.clearIfNoStepWasTaken();
      throw e;
    }
  }

  /**
   * Refuses what can be refused before model and data are known, and launches nothing: for callers
   * that have data to prepare first. {@link #run()} looks again.
   *
   * @throws IllegalArgumentException if the output folder holds a run that is not to be replaced,
   *     or a value of the optimizer is not in its range
   * @throws UnfitSparkException if the Spark context is not fit for training
   */
  public static void requireStartable(JavaSparkContext spark, TrainingConfig config)
      throws IOException {
    OwnOptimizers.requireInRange(config.optimizer());
    Preflight.requireFit(spark.sc(), NumericProfile.named(config.numericProfile()));
    RunFolder folder = new RunFolder(config.out(), spark.hadoopConfiguration());
    if (config.existingOutput() == TrainingConfig.ExistingOutput.REFUSE && folder.holdsRun()) {
      throw new IllegalArgumentException(
          "out="
              + folder.path()
              + " holds a run already: name another folder with --out, or"
              + " replace it with --overwrite");
    }
  }

  private long microBatchesPerEpoch() {
    int[] blocks = dataset.shardSet().blockSizes();
    Split split = TrainingTask.split(config, dataset);
    int[] training = split.sizes(Part.TRAINING);
    long examples = IntStream.of(training).asLongStream().sum();
    if (examples == 0) {
      throw new IllegalArgumentException(
          "dataset "
              + dataset.location()
              + " has no training examples (examples="
              + IntStream.of(blocks).asLongStream().sum()
              + ", validationFraction="
              + config.validationFraction()
              + "): give data, or a smaller fraction");
    }
    return EpochPlan.of(
            config.seed(), 0, config.virtualWorkers(), training, config.order(dataset.shardSet()))
        .steps(config.batchSize());
  }

  /**
   * Refuses a rate that follows the validation loss when there will be none.
   *
   * @param validates whether examples are held out for validation
   * @throws IllegalArgumentException if they are not, and are needed
   */
  public static void requirePlateauIsSeen(TrainingConfig config, Validation validates) {
    if (config.optimizer().plateau() != null && validates == Validation.NONE) {
      throw new IllegalArgumentException(
          "plateau="
              + config.optimizer().plateau()
              + " without validation data (validationFraction=0.0): keep a part of the examples"
              + " with --validation-fraction");
    }
  }

  /** Whether a training scores examples that it does not learn from. */
  public enum Validation {
    /** It does, after every epoch. */
    EVERY_EPOCH,
    /** All examples are for training. */
    NONE
  }

  /**
   * Whether Lockstep's own optimizer takes the place of the model's, whose state is then unused.
   */
  private boolean replacesUpdaters() {
    return config.optimizer().name() != null;
  }

  /** An optimizer that begins with fresh state counts its steps, and its biases, from 0. */
  private long iterationsBefore() {
    return replacesUpdaters() ? 0 : initial.iterations();
  }

  private int epochsBefore() {
    return replacesUpdaters() ? 0 : initial.epochs();
  }

  private String describeOptimizer() {
    if (!replacesUpdaters()) {
      return "";
    }
    String name = config.optimizer().name().text();
    return "optimizer "
        + name
        + " in place of the model's updaters: checkpoints carry its state, model.zip fresh state of"
        + " the model's own"
        + (initial.state() == null
            ? ""
            : "; the updater state that was saved with the model is not used")
        + System.lineSeparator();
  }

  private String describeOrder(StreamRequest stream) {
    if (config.shuffle() != Shuffle.Kind.FULL) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "full shuffle: each worker reads all data %s in an epoch, gathering up to %d MB%s%n",
        stream.passes() == 1 ? "once" : String.format(Locale.ROOT, "%,d times", stream.passes()),
        config.shuffleMegabytes(),
        stream.passes() == 1 ? "" : "; --shuffle-memory makes that fewer");
  }

  private Clipping clipping() {
    if (config.clipNorm() > 0) {
      return new Clipping.GlobalNorm(config.clipNorm());
    }
    return config.clipValue() > 0 ? new Clipping.ByValue(config.clipValue()) : new Clipping.None();
  }

  private static String newRunId() {
    byte[] random = new byte[6];
    new SecureRandom().nextBytes(random);
    return "run-" + HexFormat.of().formatHex(random);
  }

  /** Runs the stage to its end, writing down reports as they come. */
  private List<TrainingTask.Result> launch(
      TrainingTask.Assignment assignment, DriverEndpoint endpoint, RunJournal journal)
      throws IOException {
    String group = "lockstep-" + assignment.attempt().run();
    JavaFutureAction<List<TrainingTask.Result>> stage = submit(assignment, group);
    try {
      return follow(stage, assignment, endpoint, journal);
    } finally {
      if (!stage.isDone()) {
        spark.sc().cancelJobGroup(group);
      }
    }
  }

  /** In a job group of its own, whose tasks are interrupted when it is cancelled. */
  private JavaFutureAction<List<TrainingTask.Result>> submit(
      TrainingTask.Assignment assignment, String group) {
    Map<String, String> callers = new LinkedHashMap<>();
    for (String key : GROUP_PROPERTIES) {
      callers.put(key, spark.getLocalProperty(key));
    }
    spark.setJobGroup(group, "Lockstep training " + assignment.attempt().run(), true);
    try {
      return BarrierStage.submit(spark, assignment.workers(), new TrainingTask(assignment));
    } finally {
      callers.forEach(spark::setLocalProperty);
    }
  }

  private List<TrainingTask.Result> follow(
      JavaFutureAction<List<TrainingTask.Result>> stage,
      TrainingTask.Assignment assignment,
      DriverEndpoint endpoint,
      RunJournal journal)
      throws IOException {
    long launchDeadline = System.nanoTime() + config.launchTimeout().toNanos();
    long lastReports = Long.MAX_VALUE;
    boolean announced = false;
    Pulse pulse = new Pulse(config.peerTimeout(), System.nanoTime());
    while (true) {
      WorkerReport report = endpoint.poll(POLL);
      if (report != null) {
        pulse.accept(report, System.nanoTime());
        journal.accept(report);
      } else if (stage.isDone()) {
        List<TrainingTask.Result> results = resultsOf(stage, endpoint, journal);
        if (journal.isComplete()) {
          // What is left are farewells: not to be heard by another attempt.
          while (endpoint.poll(Duration.ZERO) != null) {
            LOG.debug("a late report");
          }
          return results;
        }
        lastReports = Math.min(lastReports, System.nanoTime() + LAST_REPORTS.toNanos());
        if (System.nanoTime() > lastReports) {
          throw new TrainingException(
              "the workers finished, but not all of their reports arrived within "
                  + LAST_REPORTS.toSeconds()
                  + " s");
        }
      } else {
        Optional<String> silent = pulse.silent(System.nanoTime());
        if (silent.isPresent()) {
          throw new TrainingException("training failed: " + silent.get());
        }
      }
      if (!announced && journal.allStarted()) {
        announced = true;
        if (assignment.attempt().attempt() == 0) {
          observer.started(
              journal.servers(),
              assignment.pace().stepsPerEpoch() * config.epochs(),
              config.epochs());
        }
      }
      if (!announced && System.nanoTime() > launchDeadline) {
        throw new TrainingException(
            String.format(
                Locale.ROOT,
                "workers=%d did not all start within launchTimeout=%d s: slots are busy or"
                    + " executors cannot reach the driver at %s; free slots, lower --workers, or"
                    + " raise --launch-timeout",
                assignment.workers(),
                config.launchTimeout().toSeconds(),
                assignment.driver()));
      }
    }
  }

  private static List<TrainingTask.Result> resultsOf(
      JavaFutureAction<List<TrainingTask.Result>> stage,
      DriverEndpoint endpoint,
      RunJournal journal)
      throws IOException {
    try {
      return stage.get(1, TimeUnit.MINUTES);
    } catch (ExecutionException e) {
      awaitReason(endpoint, journal);
      throw new TrainingException(
          FailureText.of(journal.started(), journal.failures(), e.getCause()), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while training", e);
    } catch (TimeoutException e) {
      throw new TrainingException("results of a finished stage did not arrive within 1 min", e);
    }
  }

  /** Spark may know of a lost executor before the others have noticed and said so. */
  private static void awaitReason(DriverEndpoint endpoint, RunJournal journal) throws IOException {
    long deadline = System.nanoTime() + REASONS.toNanos();
    while (journal.failures().isEmpty() && System.nanoTime() < deadline) {
      WorkerReport report = endpoint.poll(POLL);
      if (report != null) {
        journal.accept(report);
      }
    }
  }

  private void announce(ModePlan plan, Pace pace, int workers) {
    int perWorker = (config.virtualWorkers() + workers - 1) / workers;
    StreamRequest stream = TrainingTask.trainingStream(config, dataset, 0, perWorker, 0, pace);
    MemoryPlan memory =
        MemoryPlan.of(plan, pace, config.virtualWorkers(), workers, stream.residentBytes());
    String text =
        String.format(
                Locale.ROOT,
                "%,d parameters, V=%d virtual workers x b=%d%s on W=%d worker%s, %,d steps of %d"
                    + " epoch%s%s%n",
                plan.model().layout().parameters(),
                config.virtualWorkers(),
                config.batchSize(),
                config.accumulate() == 1 ? "" : " x a=" + config.accumulate(),
                workers,
                workers == 1 ? "" : "s",
                pace.stepsPerEpoch() * config.epochs(),
                config.epochs(),
                config.epochs() == 1 ? "" : "s",
                plan.averages() ? ", averaged every " + plan.roundSteps() : "")
            + describeOptimizer()
            + describeOrder(stream)
            + memory.describe(workers);
    LOG.info("{}", text);
    observer.launching(text);
  }

  /** Attempts of a worker on the same executor are one. */
  private static List<WorkerThroughput> throughputs(List<TrainingTask.Result> results) {
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

  /** Makes the outputs from the last checkpoint; {@code run.json} last. */
  private TrainingResult finish(
      RunFolder folder,
      TrainingTask.Assignment assignment,
      ModelState trained,
      RunJournal journal,
      List<TrainingTask.Result> results)
      throws IOException {
    InitialModel model =
        InitialModel.trained(
            this.model,
            new SavedTraining(
                trained.theta(),
                replacesUpdaters() ? null : trained.state(),
                initial.iterations() + assignment.lastStep(),
                initial.epochs() + config.epochs()));
    folder.write(RunFolder.MODEL, model::write);
    List<TrainingTask.Result> ofJvms =
        results.stream().filter(one -> one.worker() == one.servedFrom()).toList();
    TrainingResult result =
        new TrainingResult(
            assignment.attempt().run(),
            folder.path().toString(),
            RunFolder.sha256(trained.theta()),
            model,
            assignment.lastStep(),
            journal.metrics(),
            assignment.workers(),
            journal.servers(),
            ofJvms.stream().mapToLong(TrainingTask.Result::bytesSent).sum(),
            new Exchanged(
                ofJvms.stream().mapToLong(TrainingTask.Result::bytesPushed).sum(),
                ofJvms.stream().mapToLong(TrainingTask.Result::bytesPulled).sum()),
            throughputs(results),
            journal.elapsedSeconds(),
            journal.examples(),
            journal.fingerprint());
    RunRecord record =
        new RunRecord(assignment, result, journal.numerics(), spark.version(), spark.master());
    folder.write(RunFolder.REPORT, HtmlReport.render(record.report().page()));
    folder.write(
        RunFolder.RECORD,
        WorkerReport.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(record.json()));
    return result;
  }
}
