package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.cli.options.CheckpointOptions;
import dev.lockstep.trainer.cli.options.ClusterOptions;
import dev.lockstep.trainer.cli.options.DataOptions;
import dev.lockstep.trainer.cli.options.ModeOptions;
import dev.lockstep.trainer.cli.options.ModelOptions;
import dev.lockstep.trainer.cli.options.OptimizationOptions;
import dev.lockstep.trainer.cli.options.OrderOptions;
import dev.lockstep.trainer.cli.options.OutputOptions;
import dev.lockstep.trainer.cli.options.SettingOptions;
import dev.lockstep.trainer.cli.options.StandardOptions;
import dev.lockstep.trainer.cli.options.TrainingDataOptions;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.NetworkSettings;
import dev.lockstep.trainer.driver.TrainingJob;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lockstep train}. */
@Command(
    name = "train",
    sortOptions = false,
    customSynopsis = "lockstep train --model MODEL --data PATH --out DIR [OPTIONS]",
    description = "Trains a model and writes model.zip, run.json, metrics.jsonl and report.html.")
final class TrainCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private DataOptions data;
  @Mixin private OrderOptions order;
  @Mixin private ModelOptions model;
  @Mixin private OptimizationOptions optimization;
  @Mixin private ModeOptions mode;
  @Mixin private CheckpointOptions checkpoints;
  @Mixin private ClusterOptions cluster;
  @Mixin private TrainingDataOptions examples;
  @Mixin private OutputOptions output;
  @Mixin StandardOptions standard;

  /** Adds to the help what {@code --help-all} lists besides options. */
  @Spec
  void describe(CommandSpec command) {
    List<String> lines = new ArrayList<>(OptimizationOptions.grammar());
    lines.add("%nSpark settings, given with --conf KEY=VALUE to the launcher or spark-submit:");
    NetworkSettings.lines().forEach(each -> lines.add("  " + each));
    lines.add("%nAn option wins over the file of --config, and the file over the default.");
    command.usageMessage().footer(lines.toArray(String[]::new));
  }

  @Override
  public Integer call() throws IOException {
    TrainingConfig resolved = config();
    if (output.isPrintConfig()) {
      spec.commandLine().getOut().println(resolved.toJson());
      return 0;
    }
    TrainingConfig config = model.takeUpdater(resolved);
    if (!data.areShards() && config.data().validationFraction() == 0) {
      TrainingJob.requireValidation(config, TrainingJob.Validation.NONE);
    }
    NumericProfile profile = NumericProfile.named(config.cluster().numericProfile());
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("train", profile)) {
      JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
      TrainingResult result;
      try (ConsoleProgress progress = new ConsoleProgress(console)) {
        TrainingJob.Preparation preparation =
            new TrainingJob.Preparation() {
              @Override
              public Optional<InitialModel> model() throws IOException {
                return model.fromFile(spark.hadoopConfiguration());
              }

              @Override
              public TrainingJob job(Optional<InitialModel> fromFile, RunFolder folder)
                  throws IOException {
                return TrainCommand.this.job(session, fromFile, config, folder, progress);
              }
            };
        result = TrainingJob.shardThenTrain(spark, config, preparation);
      }
      print(console, result);
    }
    return 0;
  }

  private TrainingJob job(
      SparkSession session,
      Optional<InitialModel> fromFile,
      TrainingConfig config,
      RunFolder folder,
      TrainingObserver observer)
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
    return new TrainingJob(
        new JavaSparkContext(session.sparkContext()), settings, initial, dataset, observer);
  }

  /** An option wins over the file, the file over the launcher's profile and the defaults. */
  private TrainingConfig config() throws IOException {
    TrainingConfig.Builder config = TrainingConfig.builder();
    String profile = System.getenv(SparkSessions.PROFILE_VARIABLE);
    if (profile != null) {
      config.cluster(c -> c.numericProfile(profile));
    }
    if (output.file() != null) {
      ConfigFile.read(output.file(), config);
    }
    for (SettingOptions options :
        List.of(examples, order, optimization, mode, checkpoints, cluster, output)) {
      options.applyTo(config);
    }
    return config.build();
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
}
