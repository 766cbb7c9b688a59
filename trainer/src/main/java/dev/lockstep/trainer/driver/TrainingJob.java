package dev.lockstep.trainer.driver;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.trainer.cluster.ClusterSlots;
import dev.lockstep.trainer.cluster.Preflight;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.model.replica.ModelValidation;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.RunRecord;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.plan.PyTorchOptimizers;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.report.page.HtmlReport;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training on a cluster, seen by the driver: checks everything that can be checked, plans,
 * supervises the attempts, and turns the last checkpoint into the run's outputs. Holds θ, never a
 * gradient. Used once, by one thread, which blocks.
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

  /** Checks and starts nothing yet. */
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
   * Trains: resumes the run in the output folder, or starts one. If a worker, a server or an
   * executor is lost, the next attempt starts from the newest complete checkpoint.
   *
   * @throws IllegalArgumentException if model, data and configuration do not fit each other, or the
   *     run in the output folder has other settings
   * @throws IllegalStateException if the Spark context is not fit for training
   * @throws TrainingException if it could not be started or failed
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
            RunPlanner.clipping(config),
            config.optimization().seed());
    Augmenter.requireFit(config.data().augmentation(), dataset.manifest().tensors());
    requireValidation(
        config,
        new ReadPlan(config, dataset).validates() ? Validation.EVERY_EPOCH : Validation.NONE);
    RunFolder folder = new RunFolder(config.output().folder(), hadoop);
    RunHistory history = new RunHistory(folder, hadoop, config, observer);
    RunPlanner planner = new RunPlanner(config, initial, built, dataset);
    StartPoint start = history.start(planner::given, planner::plan);
    int workers =
        start.isComplete()
            ? 0
            : ClusterSlots.await(
                spark.sc(),
                config.cluster().workers(),
                config.cluster().minWorkers(),
                config.mode().virtualWorkers(),
                config.cluster().startTimeout());
    String description = planner.describe(start, workers);
    LOG.info("{}", description);
    observer.starting(description);
    history.prepare(start);
    RunSupervisor supervisor =
        new RunSupervisor(spark, config, dataset, model, start, folder, observer);
    try {
      supervisor.train(workers);
      return finish(folder, start, planner, supervisor);
    } catch (IOException | RuntimeException e) {
      clearIfNothingIsLeft(start, supervisor, folder, e);
      throw e;
    }
  }

  /** A run that ended before its first step leaves nothing to keep. */
  private static void clearIfNothingIsLeft(
      StartPoint start, RunSupervisor supervisor, RunFolder folder, Exception why) {
    try {
      if (start.isNew() && supervisor.hasLeftNothing()) {
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

  /** Makes the outputs from the last checkpoint; {@code run.json} last. */
  private TrainingResult finish(
      RunFolder folder, StartPoint start, RunPlanner planner, RunSupervisor supervisor)
      throws IOException {
    RunPlan plan = start.plan();
    InitialModel trainedModel =
        planner.trained(
            plan,
            supervisor.trained(),
            supervisor.checkpoints().step(),
            plan.schedule().epoch(supervisor.checkpoints().step()));
    TrainingResult result = supervisor.result(folder, trainedModel);
    boolean hasBest = config.checkpoints().keepBest() == null || folder.holdsBest();
    if (start.isComplete() && folder.isFinished() && hasBest) {
      return result;
    }
    folder.write(RunFolder.MODEL, trainedModel::write);
    Optional<RunCheckpoints.Best> best = supervisor.checkpoints().best();
    if (best.isPresent()) {
      RunCheckpoints.Best one = best.get();
      folder.write(
          RunFolder.BEST, planner.trained(plan, one.state(), one.step(), one.epoch())::write);
    }
    RunRecord record =
        new RunRecord(
            config,
            dataset,
            model,
            plan.schedule(),
            result,
            new RunRecord.Environment(supervisor.numerics(), spark.version(), spark.master()));
    folder.write(RunFolder.REPORT, HtmlReport.render(record.report().page()));
    folder.write(
        RunFolder.RECORD,
        WorkerReport.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(record.json()));
    return result;
  }
}
