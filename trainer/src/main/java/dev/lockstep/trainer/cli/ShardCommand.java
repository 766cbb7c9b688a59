package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.model.NumericProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
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
      names = "--block-examples",
      defaultValue = "0",
      paramLabel = "N",
      description = "Examples of a block, the unit of reading; 0 chooses by their size (default).")
  private int blockExamples;

  @Option(names = "--overwrite", description = "Replace the dataset that --out holds.")
  private boolean overwrite;

  @Override
  public Integer call() throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("shard", NumericProfile.AVX2)) {
      Dataset dataset =
          data.ingest(
              session,
              out,
              ShardingOptions.named(data.name())
                  .blockExamples(blockExamples)
                  .ifExists(overwrite ? IfExists.REPLACE : IfExists.REFUSE),
              Map.of());
      console.printf(
          Locale.ROOT,
          "%,d examples in %,d data shards at %s%nfingerprint %s%n",
          dataset.shardSet().examples(),
          dataset.shardSet().shards().size(),
          dataset.location(),
          dataset.shardSet().fingerprint());
      console.flush();
    }
    return 0;
  }
}
