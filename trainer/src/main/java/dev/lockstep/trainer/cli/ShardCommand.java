package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.cli.options.DataOptions;
import dev.lockstep.trainer.cli.options.Heading;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.cli.options.StandardOptions;
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
    sortOptions = false,
    customSynopsis = "lockstep shard --data PATH --format FORMAT --out DIR [OPTIONS]",
    description = "Writes data as data shards, to be used by many trainings.")
final class ShardCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin StandardOptions standard;
  @Mixin private DataOptions data;

  @Common
  @Under(Heading.OUTPUT)
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the dataset: a Hadoop URI that driver and executors share.")
  private String out;

  @Common
  @Under(Heading.DATA)
  @Option(
      names = "--validation-fraction",
      defaultValue = "0",
      paramLabel = "F",
      description =
          "Fraction of the examples to store as the validation part (default: 0; train can"
              + " still hold out its own).")
  private double validationFraction;

  @Common
  @Under(Heading.DATA)
  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed of the split (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Common
  @Under(Heading.COLUMNS)
  @Option(
      names = "--like",
      paramLabel = "RUN",
      description =
          "Folder of a finished run: transform columns and number classes as for its model.")
  private String like;

  @Common
  @Under(Heading.OUTPUT)
  @Option(names = "--overwrite", description = "Replace the dataset in --out.")
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
        run.classes(), run.recipe().map(DataRecipe::fitted).map(FittedTransform::unweighted));
  }
}
