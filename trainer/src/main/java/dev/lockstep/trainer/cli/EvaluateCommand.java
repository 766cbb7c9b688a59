package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.cli.options.DataOptions;
import dev.lockstep.trainer.cli.options.Heading;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.cli.options.ModelOptions;
import dev.lockstep.trainer.cli.options.StandardOptions;
import dev.lockstep.trainer.evaluate.EvaluationJob;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep evaluate}. */
@Command(
    name = "evaluate",
    sortOptions = false,
    customSynopsis = "lockstep evaluate --model FILE --data PATH [OPTIONS]",
    description = "Scores a trained model on a dataset: loss, and accuracy or errors.")
final class EvaluateCommand implements Callable<Integer> {

  private static final int SPANS = 4;

  @Spec private CommandSpec spec;
  @Mixin StandardOptions standard;
  @Mixin private DataOptions data;

  @Common
  @Under(Heading.MODEL)
  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE",
      description = "DL4J zip, such as the model.zip of a run; any Hadoop URI.")
  private String model;

  @Common
  @Under(Heading.DATA)
  @Option(
      names = "--part",
      paramLabel = "training|validation|test",
      description = "Part of the data shards to score (default: all examples).")
  private Split part;

  @Common
  @Under(Heading.DATA)
  @Option(
      names = "--batch-size",
      defaultValue = "256",
      paramLabel = "b",
      description = "Examples to score at once (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Common
  @Under(Heading.CLUSTER)
  @Option(
      names = "--numeric-profile",
      defaultValue = "${env:LOCKSTEP_NUMERIC_PROFILE:-avx2}",
      paramLabel = "PROFILE",
      description =
          "avx2, avx512, generic or native: CPU instruction set and BLAS kernels to use"
              + " (default: avx2).")
  private String numericProfile;

  @Override
  public Integer call() throws IOException {
    NumericProfile profile = NumericProfile.named(numericProfile);
    data.requireNoSplit();
    if (part != null && !data.areShards()) {
      throw new IllegalArgumentException(
          "part="
              + part.name().toLowerCase(Locale.ROOT)
              + " of data that are no data shards: name those of the training, such as RUN/data");
    }
    Path scratch = Files.createTempDirectory("lockstep-evaluate");
    try (SparkSession session = SparkSessions.open("evaluate", profile)) {
      Configuration hadoop = session.sparkContext().hadoopConfiguration();
      InitialModel trained = ModelOptions.read(model, hadoop);
      if (trained.saved().isEmpty()) {
        throw new IllegalArgumentException(
            "model=" + model + " has no parameters: give the zip of a trained model");
      }
      String master = session.sparkContext().master();
      if (!data.areShards() && !master.startsWith("local")) {
        throw new IllegalArgumentException(
            "format of the data is not shards, and executors of "
                + master
                + " do not share this host's folders: write data shards first with lockstep shard");
      }
      // Class 2 of the data must be class 2 of the model, also where class 1 does not occur.
      RunFolder run = new RunFolder(folderOf(model), hadoop);
      ShardedDataset dataset =
          data.open(
              session,
              scratch.resolve("data").toUri().toString(),
              IfExists.REFUSE,
              new DataOptions.Known(
                  run.classes(),
                  run.recipe().map(DataRecipe::fitted).map(FittedTransform::unweighted)),
              DataOptions.HeldOut.NOTHING);
      List<EvaluationSums> outputs =
          EvaluationJob.run(
              new JavaSparkContext(session.sparkContext()),
              trained,
              dataset,
              new EvaluationJob.Settings(profile, ReplicaOptions.DEFAULT, SPANS, batchSize),
              Optional.ofNullable(part));
      List<TensorSpec> labels =
          dataset.manifest().tensors().stream().filter(t -> t.role() == Role.LABELS).toList();
      for (int i = 0; i < outputs.size(); i++) {
        List<String> names = dataset.manifest().classes().get(labels.get(i).name());
        print(spec.commandLine().getOut(), outputs.get(i), names);
      }
    } finally {
      delete(scratch);
    }
    return 0;
  }

  private static String folderOf(String file) {
    org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(file).getParent();
    return folder == null || folder.toString().isEmpty() ? "." : folder.toString();
  }

  /**
   * Prints scores.
   *
   * @param names of the classes by index, or null where they have none
   */
  private static void print(PrintWriter console, EvaluationSums sums, List<String> names) {
    console.printf(Locale.ROOT, "examples %,d%nloss %.6f%n", sums.examples(), sums.meanLoss());
    if (sums.isClassification()) {
      console.printf(Locale.ROOT, "accuracy %.2f %%%n", 100 * sums.accuracy());
      int classes = sums.confusion().length == 0 ? 0 : sums.classes();
      if (classes > 0) {
        console.println("confusion (rows: actual class, columns: predicted)");
      }
      for (int actual = 0; actual < classes; actual++) {
        Object name = names == null ? actual : names.get(actual);
        StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "%6s:", name));
        for (int predicted = 0; predicted < classes; predicted++) {
          row.append(
              String.format(Locale.ROOT, " %6d", sums.confusion()[actual * classes + predicted]));
        }
        console.println(row);
      }
    } else {
      console.printf(
          Locale.ROOT,
          "mean squared error %.6f%nmean absolute error %.6f%nR2 %.4f%n",
          sums.meanSquaredError(),
          sums.meanAbsoluteError(),
          sums.r2());
    }
    console.flush();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
