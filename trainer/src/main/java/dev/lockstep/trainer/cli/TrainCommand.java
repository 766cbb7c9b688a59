package dev.lockstep.trainer.cli;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.DurationText;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.TrainingJob;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.replica.ModelValidation;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code lockstep train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Trains a model and writes model.zip, run.json, metrics.jsonl and report.html.")
final class TrainCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DataOptions data;
  @Mixin private ModeOptions modes;
  @Mixin private OptimizerOptions optimizer;
  @Mixin private OrderOptions order;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for the outputs; any Hadoop URI that driver and executors share.")
  private String out;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "JSON file with any of the settings below; options given win.")
  private Path file;

  @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data (default: 1).")
  private Integer epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "b",
      description = "Examples of one virtual worker's micro-batch (default: 32).")
  private Integer batchSize;

  @Option(
      names = "--virtual-workers",
      paramLabel = "V",
      description = "Logical replicas; a step uses V * b examples (default: 4).")
  private Integer virtualWorkers;

  @Option(
      names = "--workers",
      paramLabel = "W",
      description = "Spark tasks; does not change the model (default: as many as slots, up to V).")
  private Integer workers;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of initial parameters, order, dropout and validation split (default: 42).")
  private Long seed;

  @Option(
      names = "--validation-fraction",
      paramLabel = "F",
      description = "Part of the examples kept for validation (default: 0).")
  private Double validationFraction;

  @Option(
      names = "--clip-norm",
      paramLabel = "X|inf",
      converter = NormConverter.class,
      description =
          "Scale the gradient down to this global norm; inf measures and reports the norm of every"
              + " step and scales nothing; 0 for neither (default).")
  private Double clipNorm;

  @Option(
      names = "--clip-value",
      paramLabel = "X",
      description = "Cut every gradient element to [-X, X]; 0 for none (default).")
  private Double clipValue;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "100steps|1epochs|10minutes",
      description = "Interval of checkpoints (default: one at the end).")
  private String checkpointEvery;

  @Option(
      names = "--keep-checkpoints",
      paramLabel = "K",
      description = "Newest complete checkpoints that are kept (default: 2).")
  private Integer keepCheckpoints;

  @Option(
      names = "--keep-best",
      paramLabel = "loss|accuracy",
      description =
          "Take a checkpoint after every epoch and keep, besides, the one that is best by this"
              + " validation metric; its model becomes best.zip.")
  private Plateau.Metric keepBest;

  @Option(
      names = "--early-stopping",
      paramLabel = "loss|accuracy[:patience=N,min-delta=X,after=N]",
      description =
          "End the run when this validation metric has not got better, by more than min-delta, for"
              + " patience epochs in a row (default: 3), but not before so many epochs as after"
              + " says.")
  private String earlyStopping;

  @Option(
      names = "--max-attempts",
      paramLabel = "N",
      description =
          "Give up after N launches in a row without a new checkpoint (default: 4; 1 never launches"
              + " again).")
  private Integer maxAttempts;

  @Option(
      names = "--min-workers",
      paramLabel = "M",
      description = "Fewest workers to go on with when executors are lost (default: 1).")
  private Integer minWorkers;

  @Option(
      names = "--numeric-profile",
      paramLabel = "avx2|avx512|generic|native",
      description = "Which arithmetic determines the bits (default: avx2).")
  private String numericProfile;

  @Option(
      names = "--allow-mixed-bits",
      description = "Train on executors whose arithmetic differs; the run is not reproducible.")
  private boolean allowMixedBits;

  @Option(
      names = "--no-onednn",
      description = "Use DL4J's built-in convolution kernels instead of oneDNN's.")
  private boolean noOnednn;

  @Option(
      names = "--start-timeout",
      paramLabel = "TIME",
      description = "Longest wait for slots and for the start of all workers (default: 5m).")
  private String startTimeout;

  @Option(
      names = "--overwrite",
      description = "Replace the run that --out holds, instead of going on with it.")
  private boolean overwrite;

  @Option(
      names = "--warm-start",
      description =
          "Where data or settings differ from those of the run that --out holds, begin a new run"
              + " with its parameters.")
  private boolean warmStart;

  @Override
  public Integer call() throws IOException {
    TrainingConfig config = model.takeUpdater(config());
    if (!data.areShards() && config.data().validationFraction() == 0) {
      TrainingJob.requireValidation(config, TrainingJob.Validation.NONE);
    }
    NumericProfile profile = NumericProfile.named(config.cluster().numericProfile());
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("train", profile)) {
      JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
      Configuration hadoop = spark.hadoopConfiguration();
      TrainingJob.requireStartable(spark, config);
      Optional<InitialModel> fromFile = model.fromFile(hadoop);
      fromFile.ifPresent(
          read -> ModelValidation.checkModel(read.definition(), config.mode().virtualWorkers()));
      RunFolder folder = new RunFolder(config.output().folder(), hadoop);
      TrainingResult result =
          data.areShards()
              ? train(session, fromFile, config, folder, console)
              : folder.keepingDataOnlyOfRuns(
                  () -> train(session, fromFile, config, folder, console));
      print(console, result);
    }
    return 0;
  }

  private TrainingResult train(
      SparkSession session,
      Optional<InitialModel> fromFile,
      TrainingConfig config,
      RunFolder folder,
      PrintWriter console)
      throws IOException {
    ShardedDataset dataset =
        data.open(
            session,
            folder.file(RunFolder.DATA).toString(),
            config.output().existing() == ExistingOutput.REPLACE
                ? IfExists.REPLACE
                : IfExists.REFUSE,
            DataOptions.Known.NOTHING,
            new DataOptions.HeldOut(
                config.optimization().seed(), config.data().validationFraction(), false));
    boolean split = !data.areShards() && dataset.manifest().hasStoredSplit();
    TrainingConfig settings =
        split ? config.toBuilder().data(d -> d.validationFraction(0)).build() : config;
    InitialModel initial = fromFile.orElseGet(() -> model.builtIn(dataset.manifest().tensors()));
    try (ConsoleProgress progress = new ConsoleProgress(console)) {
      return Lockstep.train(
          new JavaSparkContext(session.sparkContext()), initial, dataset, settings, progress);
    }
  }

  private TrainingConfig config() throws IOException {
    TrainingConfig.Builder config = TrainingConfig.builder();
    // What the launcher has set up, where neither option nor file names a profile.
    ifGiven(
        System.getenv(SparkSessions.PROFILE_VARIABLE),
        v -> config.cluster(c -> c.numericProfile(v)));
    if (file != null) {
      readFile(config);
    }
    ifGiven(out, v -> config.output(o -> o.folder(v)));
    ifGiven(epochs, v -> config.optimization(o -> o.epochs(v)));
    ifGiven(batchSize, v -> config.data(d -> d.batchSize(v)));
    ifGiven(virtualWorkers, v -> config.mode(m -> m.virtualWorkers(v)));
    ifGiven(workers, v -> config.cluster(c -> c.workers(v)));
    modes.applyTo(config);
    ifGiven(seed, v -> config.optimization(o -> o.seed(v)));
    config.optimization(o -> o.optimizer(optimizer.over(o.optimizer())));
    order.applyTo(config);
    ifGiven(validationFraction, v -> config.data(d -> d.validationFraction(v)));
    ifGiven(clipNorm, v -> config.optimization(o -> o.clipNorm(v)));
    ifGiven(clipValue, v -> config.optimization(o -> o.clipValue(v)));
    ifGiven(numericProfile, v -> config.cluster(c -> c.numericProfile(v)));
    if (checkpointEvery != null) {
      config.checkpoints(c -> c.every(CheckpointInterval.parse(checkpointEvery)));
    }
    if (allowMixedBits) {
      config.cluster(c -> c.mixedBits(MixedBits.ALLOW));
    }
    if (noOnednn) {
      config.cluster(c -> c.kernels(Kernels.BUILTIN));
    }
    if (startTimeout != null) {
      config.cluster(c -> c.startTimeout(DurationText.parse(startTimeout)));
    }
    ifGiven(keepCheckpoints, v -> config.checkpoints(c -> c.keep(v)));
    ifGiven(keepBest, v -> config.checkpoints(c -> c.keepBest(v)));
    ifGiven(earlyStopping, v -> config.optimization(o -> o.earlyStopping(EarlyStopping.parse(v))));
    ifGiven(maxAttempts, v -> config.checkpoints(c -> c.maxAttempts(v)));
    ifGiven(minWorkers, v -> config.cluster(c -> c.minWorkers(v)));
    if (overwrite && warmStart) {
      throw new IllegalArgumentException(
          "--overwrite and --warm-start exclude each other: give the first to forget the run that"
              + " --out holds, the second to begin with its parameters");
    }
    if (warmStart) {
      config.output(o -> o.existing(ExistingOutput.WARM_START));
    }
    if (overwrite) {
      config.output(o -> o.existing(ExistingOutput.REPLACE));
    }
    return config.build();
  }

  private void readFile(TrainingConfig.Builder config) throws IOException {
    String json;
    try {
      json = Files.readString(file);
    } catch (NoSuchFileException | AccessDeniedException e) {
      throw new IllegalArgumentException(
          "config=" + file + " cannot be read: name a JSON file with --config", e);
    }
    try {
      config.json(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("config=" + file + ": " + e.getMessage(), e);
    }
  }

  private static <T> void ifGiven(T value, java.util.function.Consumer<T> setting) {
    if (value != null) {
      setting.accept(value);
    }
  }

  private static void print(PrintWriter console, TrainingResult result) {
    EpochMetrics last = result.metrics().epochs().get(result.metrics().epochs().size() - 1);
    console.printf(
        Locale.ROOT,
        "%,d steps in %.1f s, %,.0f examples/s, training loss %.4f%n",
        result.progress().steps(),
        result.progress().seconds(),
        result.progress().examplesPerSecond(),
        last.meanLoss());
    if (!Double.isNaN(last.validationLoss())) {
      console.printf(Locale.ROOT, "validation loss %.4f", last.validationLoss());
      if (!Double.isNaN(last.validationAccuracy())) {
        console.printf(Locale.ROOT, ", accuracy %.2f %%", 100 * last.validationAccuracy());
      }
      console.println();
    }
    console.println("parametersSha256 " + result.parametersSha256());
    console.println("outputs in " + result.out());
    console.flush();
  }

  /** Reads {@code inf} and {@code infinity}, whatever their case, besides Java's numbers. */
  static final class NormConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
      String lower = value.toLowerCase(Locale.ROOT);
      if (lower.equals("inf") || lower.equals("infinity")) {
        return Double.POSITIVE_INFINITY;
      }
      try {
        return Double.valueOf(value);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is neither a number nor inf");
      }
    }
  }
}
