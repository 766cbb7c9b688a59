package dev.lockstep.examples;

import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.examples.digits.DrawnDigits;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.cli.CommandProvider;
import dev.lockstep.trainer.cli.ConsoleProgress;
import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code lockstep quickstart}: from nothing to a trained model. It draws digits, writes them as IDX
 * files, turns those into data shards by a Spark job, trains on the barrier stage and scores the
 * model on digits it has not seen: what a user would do with data of their own, in one command.
 */
@Command(
    name = "quickstart",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Draws digits, shards them, trains a network on them and scores it.")
final class Quickstart implements Callable<Integer> {

  /** Adds this command to {@code lockstep}. */
  public static final class Provider implements CommandProvider {
    @Override
    public Object command() {
      return new Quickstart();
    }
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      defaultValue = "lockstep-quickstart",
      paramLabel = "DIR",
      description = "Folder for data and outputs (default: ${DEFAULT-VALUE}).")
  private Path folder;

  @Option(
      names = "--train",
      defaultValue = "20000",
      paramLabel = "N",
      description = "Digits to train on (default: ${DEFAULT-VALUE}).")
  private int trainDigits;

  @Option(
      names = "--test",
      defaultValue = "4000",
      paramLabel = "N",
      description = "Digits to score on (default: ${DEFAULT-VALUE}).")
  private int testDigits;

  @Option(
      names = "--model",
      defaultValue = "mlp:256,128",
      paramLabel = "mlp:256,128|lenet|linear",
      description = "Built-in model (default: ${DEFAULT-VALUE}).")
  private String model;

  @Option(
      names = "--epochs",
      defaultValue = "8",
      paramLabel = "N",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--batch-size",
      defaultValue = "32",
      paramLabel = "b",
      description = "Examples of one virtual worker's micro-batch (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--virtual-workers",
      defaultValue = "4",
      paramLabel = "V",
      description = "Logical replicas; a step uses V * b digits (default: ${DEFAULT-VALUE}).")
  private int virtualWorkers;

  @Option(
      names = "--workers",
      defaultValue = "0",
      paramLabel = "W",
      description = "Spark tasks; does not change the model (default: as many as slots, up to V).")
  private int workers;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed of the digits and of the training (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--numeric-profile",
      defaultValue = "${env:LOCKSTEP_NUMERIC_PROFILE:-avx2}",
      paramLabel = "avx2|avx512|generic|native",
      description =
          "CPU instruction set and BLAS kernels; the same profile gives the same bits (default:"
              + " ${DEFAULT-VALUE}).")
  private String numericProfile;

  @Override
  public Integer call() throws IOException {
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(epochs).seed(seed))
            .data(d -> d.batchSize(batchSize))
            .mode(m -> m.virtualWorkers(virtualWorkers))
            .cluster(c -> c.workers(workers).numericProfile(numericProfile))
            // The report shows the validation accuracy.
            .data(d -> d.validationFraction(0.1))
            .output(
                o -> o.folder(Lab.location(folder.resolve("run"))).existing(ExistingOutput.REPLACE))
            .build();
    NumericProfile profile = NumericProfile.named(numericProfile);
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("quickstart", profile)) {
      JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
      DrawnDigits digits =
          new DrawnDigits(
              new DigitGenerator(seed), folder.toAbsolutePath().resolve("data"), console::println);
      ShardedDataset train = digits.shards(spark, 0, trainDigits, "train on", Normalization.NONE);
      int end = trainDigits + testDigits;
      ShardedDataset test = digits.shards(spark, trainDigits, end, "test on", Normalization.NONE);

      InitialModel initial =
          InitialModel.fresh(
              ModelDefinition.builtIn(model, train.manifest().tensors(), BuiltInOptions.DEFAULT));
      TrainingResult result;
      try (ConsoleProgress progress = new ConsoleProgress(console)) {
        result = Lockstep.train(spark, initial, train, config, progress);
      }
      EvaluationSums scores = Lockstep.evaluate(spark, result.model(), test, config).get(0);
      print(console, result, scores.accuracy());
    }
    return 0;
  }

  private void print(PrintWriter console, TrainingResult result, double accuracy) {
    Path out = folder.resolve("run");
    console.printf(
        Locale.ROOT,
        """

        test accuracy     %.2f %% of %,d digits
        throughput        %,.0f examples/s (%,d steps in %.1f s)
        parametersSha256  %s

        model    %s (opens with plain DL4J)
        report   %s
        metrics  %s
        """,
        100 * accuracy,
        testDigits,
        result.progress().examplesPerSecond(),
        result.progress().steps(),
        result.progress().seconds(),
        result.parametersSha256(),
        out.resolve("model.zip"),
        out.resolve("report.html"),
        out.resolve("metrics.jsonl"));
    console.flush();
  }
}
