package dev.lockstep.trainer.driver;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.trainer.cluster.ClusterSlots;
import dev.lockstep.trainer.cluster.Preflight;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.model.replica.ModelValidation;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.RunRecord;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.plan.MemoryPlan;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.plan.Phase;
import dev.lockstep.trainer.plan.PlannedUpdates;
import dev.lockstep.trainer.plan.PyTorchOptimizers;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.plan.RunIdentityFactory;
import dev.lockstep.trainer.report.page.HtmlReport;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training on a cluster, seen by the driver: checks everything that can be checked, launches
 * the barrier stage, writes down what the workers report, and turns the last checkpoint into the
 * run's outputs. Holds θ, never a gradient. Used once, by one thread, which blocks.
 */
public final class TrainingJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingJob.class);

  private final JavaSparkContext spark;
  private final TrainingConfig config;
  private final InitialModel initial;
  private final ModelDefinition model;
  private final ShardedDataset dataset;
  private final TrainingObserver observer;
  private final Configuration hadoop;

  /** Checks nothing yet and launches nothing. */
  public TrainingJob(
      JavaSparkContext spark,
      TrainingConfig config,
      InitialModel initial,
      ShardedDataset dataset,
      TrainingObserver observer) {
    this.spark = spark;
    this.config = config.resolvedFor(dataset.manifest());
    this.initial = initial;
    this.model = initial.definition();
    this.dataset = dataset;
    this.observer = observer;
    this.hadoop = spark.hadoopConfiguration();
  }

  /**
   * Trains: goes on with the run in the output folder, or begins one. Where a worker, a server or
   * an executor is lost, what is left is launched again from the newest complete checkpoint.
   *
   * @throws IllegalArgumentException if model, data and configuration do not fit each other, or the
   *     run in the output folder was made otherwise
   * @throws IllegalStateException if the Spark context is not fit for training
   * @throws TrainingException if it could not be launched or failed
   * @throws IOException if outputs cannot be written
   */
  public TrainingResult run() throws IOException {
    requireStartable(spark, config);
    return train();
  }

  /** What a training on data that are no shards yet is made of, in the order of the calls. */
  public interface Preparation {

    /** The model; empty where its sizes come from the data. */
    Optional<InitialModel> model() throws IOException;

    /**
     * The training, once its data are written.
     *
     * @param model that {@link #model()} returned
     * @param folder of the run, which has a place for the data shards
     */
    TrainingJob job(Optional<InitialModel> model, RunFolder folder) throws IOException;
  }

  /**
   * Refuses what can be refused before the data are known, has them written, and trains. Where that
   * fails before there is a run, the data shards are deleted that it wrote to the run's folder.
   *
   * @throws IllegalArgumentException as {@link #run()}
   * @throws IllegalStateException as {@link #run()}
   */
  public static TrainingResult shardThenTrain(
      JavaSparkContext spark, TrainingConfig config, Preparation preparation) throws IOException {
    requireStartable(spark, config);
    Optional<InitialModel> model = preparation.model();
    if (model.isPresent()) {
      ModelValidation.checkModel(model.get().definition(), config.mode().virtualWorkers());
    }
    RunFolder folder = new RunFolder(config.output().folder(), spark.hadoopConfiguration());
    return folder.keepingDataOnlyOfRuns(() -> preparation.job(model, folder).train());
  }

  private TrainingResult train() throws IOException {
    BuiltModel built =
        ModelValidation.check(
            model,
            dataset.manifest().tensors(),
            config.mode().virtualWorkers(),
            clipping(),
            config.optimization().seed());
    Augmenter.requireFit(config.data().augmentation(), dataset.manifest().tensors());
    requireValidation(
        config,
        new ReadPlan(config, dataset).validates() ? Validation.EVERY_EPOCH : Validation.NONE);
    RunFolder folder = new RunFolder(config.output().folder(), hadoop);
    RunHistory history = new RunHistory(folder, hadoop, config, observer);
    RunHistory.Beginning beginning =
        history.begin(() -> given(built), origin -> plan(origin, built));
    int workers =
        beginning.isComplete()
            ? 0
            : ClusterSlots.await(
                spark.sc(),
                config.cluster().workers(),
                config.cluster().minWorkers(),
                config.mode().virtualWorkers(),
                config.cluster().startTimeout());
    announce(beginning, workers);
    history.prepare(beginning);
    RunSupervisor supervisor =
        new RunSupervisor(spark, config, dataset, model, beginning, folder, observer);
    try {
      supervisor.train(workers);
      return finish(folder, beginning, supervisor);
    } catch (IOException | RuntimeException e) {
      clearIfNothingIsLeft(beginning, supervisor, folder, e);
      throw e;
    }
  }

  /** A run that ended before its first step leaves nothing to keep. */
  private static void clearIfNothingIsLeft(
      RunHistory.Beginning beginning, RunSupervisor supervisor, RunFolder folder, Exception why) {
    try {
      if (beginning.isNew() && supervisor.hasLeftNothing()) {
        folder.clear();
      }
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }

  /**
   * Refuses what can be refused before model and data are known.
   *
   * @throws IllegalArgumentException if the output folder holds outputs without checkpoints that
   *     are not to be replaced, or a value of the optimizer is not in its range
   * @throws UnfitSparkException if the Spark context is not fit for training
   */
  private static void requireStartable(JavaSparkContext spark, TrainingConfig config)
      throws IOException {
    PyTorchOptimizers.requireInRange(config.optimization().optimizer());
    Preflight.requireFit(spark.sc(), NumericProfile.named(config.cluster().numericProfile()));
    RunHistory.requireKnown(
        new RunFolder(config.output().folder(), spark.hadoopConfiguration()),
        config,
        spark.hadoopConfiguration());
  }

  /** The origin of a run that begins with the given model. */
  private RunOrigin given(BuiltModel built) {
    return RunOrigin.given(
        initial,
        built,
        replacesUpdaters() ? RunOrigin.OptimizerState.FRESH : RunOrigin.OptimizerState.OF_MODEL);
  }

  /** What a run from an origin will do. */
  private RunPlan plan(RunOrigin origin, BuiltModel built) {
    ModePlan ofModel = ModePlan.of(config, built.updatePlan(clipping()));
    StepSchedule schedule =
        new StepSchedule(microBatchesPerEpoch(), config.mode().accumulate(), ofModel.roundSteps());
    RunLength length =
        new RunLength(
            origin.before().iterations(),
            origin.before().epochs(),
            schedule.stepsPerEpoch(),
            config.optimization().epochs());
    ModePlan plan =
        ModePlan.of(
            config, PlannedUpdates.of(config, ofModel.model(), built.vectorBlocks(), length));
    return new RunPlan(
        origin,
        plan,
        schedule,
        Phase.of(config, plan, schedule),
        RunIdentityFactory.of(config, dataset, model, plan.model(), origin.text()));
  }

  private long microBatchesPerEpoch() {
    int[] blocks = dataset.manifest().blockSizes();
    Holdout split = new ReadPlan(config, dataset).split();
    int[] training = split.sizes(Split.TRAINING);
    long examples = IntStream.of(training).asLongStream().sum();
    if (examples == 0) {
      throw new IllegalArgumentException(
          "dataset "
              + dataset.location()
              + " has no training examples (examples="
              + IntStream.of(blocks).asLongStream().sum()
              + ", validationFraction="
              + config.data().validationFraction()
              + "): give data, or a smaller fraction");
    }
    return EpochPlan.of(
            config.optimization().seed(),
            0,
            config.mode().virtualWorkers(),
            training,
            config.order().shuffleOf(dataset.manifest()))
        .steps(config.data().batchSize());
  }

  /**
   * Refuses a rate, or an end of the run, that follows the validation when there will be none.
   *
   * @param validates whether examples are held out for validation
   * @throws IllegalArgumentException if they are not, and are needed
   */
  public static void requireValidation(TrainingConfig config, Validation validates) {
    if (config.optimization().earlyStopping() != null && validates == Validation.NONE) {
      throw new IllegalArgumentException(
          "earlyStopping="
              + config.optimization().earlyStopping()
              + " without validation data (validationFraction=0.0): keep a part of the examples"
              + " with --validation-fraction");
    }
    if (config.checkpoints().keepBest() != null && validates == Validation.NONE) {
      throw new IllegalArgumentException(
          "keepBest="
              + config.checkpoints().keepBest().name().toLowerCase(Locale.ROOT)
              + " without validation data (validationFraction=0.0): keep a part of the examples"
              + " with --validation-fraction");
    }
    if (config.optimization().optimizer().plateau() != null && validates == Validation.NONE) {
      throw new IllegalArgumentException(
          "plateau="
              + config.optimization().optimizer().plateau()
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
    return config.optimization().optimizer().algorithm() != null;
  }

  private String describeOptimizer() {
    if (!replacesUpdaters()) {
      return "";
    }
    String name = config.optimization().optimizer().algorithm().toString();
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
    if (config.order().shuffle() != Shuffle.Kind.FULL) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "full shuffle: each worker reads all data %s in an epoch, gathering up to %s%s%n",
        stream.passes() == 1 ? "once" : String.format(Locale.ROOT, "%,d times", stream.passes()),
        config.order().memory(),
        stream.passes() == 1 ? "" : "; --shuffle-memory makes that fewer");
  }

  private Clipping clipping() {
    if (config.optimization().clipNorm() > 0) {
      return new Clipping.GlobalNorm(config.optimization().clipNorm());
    }
    return config.optimization().clipValue() > 0
        ? new Clipping.ByValue(config.optimization().clipValue())
        : new Clipping.None();
  }

  private void announce(RunHistory.Beginning beginning, int workers) {
    ModePlan plan = beginning.plan().mode();
    StepSchedule schedule = beginning.plan().schedule();
    String text = beginning.describe(schedule.stepsPerEpoch() * config.optimization().epochs());
    if (workers > 0) {
      int perWorker = (config.mode().virtualWorkers() + workers - 1) / workers;
      StreamRequest stream = new ReadPlan(config, dataset).training(0, perWorker, 0, schedule);
      MemoryPlan memory =
          MemoryPlan.of(
              plan, schedule, config.mode().virtualWorkers(), workers, stream.residentBytes());
      text +=
          String.format(
                  Locale.ROOT,
                  "%,d parameters, V=%d virtual workers x b=%d%s on W=%d worker%s, %,d steps of %d"
                      + " epoch%s%s%n",
                  plan.model().layout().parameters(),
                  config.mode().virtualWorkers(),
                  config.data().batchSize(),
                  config.mode().accumulate() == 1 ? "" : " x a=" + config.mode().accumulate(),
                  workers,
                  workers == 1 ? "" : "s",
                  schedule.stepsPerEpoch() * config.optimization().epochs(),
                  config.optimization().epochs(),
                  config.optimization().epochs() == 1 ? "" : "s",
                  plan.averages() ? ", averaged every " + plan.roundSteps() : "")
              + describeOptimizer()
              + describeOrder(stream)
              + memory.describe(workers);
    }
    LOG.info("{}", text);
    observer.launching(text);
  }

  /** Makes the outputs from the last checkpoint; {@code run.json} last. */
  private TrainingResult finish(
      RunFolder folder, RunHistory.Beginning beginning, RunSupervisor supervisor)
      throws IOException {
    ModelState trained = supervisor.trained();
    InitialModel trainedModel =
        asModel(
            beginning,
            trained,
            supervisor.steps(),
            beginning.plan().schedule().epoch(supervisor.steps()));
    TrainingResult result = supervisor.result(folder, trainedModel);
    boolean hasBest = config.checkpoints().keepBest() == null || folder.holdsBest();
    if (beginning.isComplete() && folder.isFinished() && hasBest) {
      return result;
    }
    folder.write(RunFolder.MODEL, trainedModel::write);
    Optional<RunSupervisor.Best> best = supervisor.best();
    if (best.isPresent()) {
      RunSupervisor.Best one = best.get();
      folder.write(RunFolder.BEST, asModel(beginning, one.state(), one.step(), one.epoch())::write);
    }
    RunRecord record =
        new RunRecord(
            config,
            dataset,
            model,
            beginning.plan().schedule(),
            result,
            new RunRecord.Environment(supervisor.numerics(), spark.version(), spark.master()));
    folder.write(RunFolder.REPORT, HtmlReport.render(record.report().page()));
    folder.write(
        RunFolder.RECORD,
        WorkerReport.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(record.json()));
    return result;
  }

  private InitialModel asModel(
      RunHistory.Beginning beginning, ModelState state, long steps, int epochs) {
    boolean isWarm = RunOrigin.isWarm(beginning.plan().origin().text());
    return InitialModel.trained(
        model,
        new SavedTraining(
            state.theta(),
            replacesUpdaters() ? null : state.state(),
            (isWarm ? 0 : initial.iterations()) + steps,
            (isWarm ? 0 : initial.epochs()) + epochs));
  }
}
