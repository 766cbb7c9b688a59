package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.output.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep shard}. */
@Command(
    name = "shard",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Writes data as data shards, once, for many trainings.")
final class ShardCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private DataOptions data;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the dataset; any Hadoop URI that driver and executors share.")
  private String out;

  @Option(
      names = "--validation-fraction",
      defaultValue = "0",
      paramLabel = "F",
      description =
          "Part of the examples stored for validation, by --holdout (default: 0; a training may"
              + " still hold out its own).")
  private double validationFraction;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Of the split (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--like",
      paramLabel = "RUN",
      description =
          "Folder of a finished run: prepare columns and number classes as for its model.")
  private String like;

  @Option(names = "--overwrite", description = "Replace the dataset that --out holds.")
  private boolean overwrite;

  @Override
  public Integer call() throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("shard", NumericProfile.AVX2)) {
      DataOptions.Ingested ingested =
          data.ingest(
              session,
              out,
              overwrite ? IfExists.REPLACE : IfExists.REFUSE,
              known(session.sparkContext().hadoopConfiguration()),
              new DataOptions.HeldOut(seed, validationFraction, validationFraction > 0));
      ShardedDataset dataset = ingested.dataset();
      console.printf(
          Locale.ROOT,
          "%s%,d examples in %,d data shards at %s%nfingerprint %s%n",
          ingested.reused() ? "unchanged since the last time: " : "",
          dataset.manifest().examples(),
          dataset.manifest().shards().size(),
          dataset.location(),
          dataset.manifest().fingerprint());
      String skipped = dataset.manifest().provenance().get("skipped");
      if (skipped != null) {
        console.printf(
            "left out %s, the first because of %s%n",
            skipped, dataset.manifest().provenance().get("firstSkipped"));
      }
      console.flush();
    }
    return 0;
  }

  private DataOptions.Known known(Configuration hadoop) throws IOException {
    if (like == null) {
      return DataOptions.Known.NOTHING;
    }
    RunFolder run = new RunFolder(like, hadoop);
    if (!run.holdsRun()) {
      throw new IllegalArgumentException(
          "like=" + like + " holds no run: name the folder of a finished one");
    }
    return new DataOptions.Known(
        run.classes(), run.fittedTransform().map(FittedTransform::unweighted));
  }
}
