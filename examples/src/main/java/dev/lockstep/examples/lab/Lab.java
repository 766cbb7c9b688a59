package dev.lockstep.examples.lab;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;

/** What an example works with: a Spark context, a folder, and the options of the command line. */
public final class Lab {

  private final Supplier<JavaSparkContext> spark;
  private final Path folder;
  private final LabOptions options;
  private final PrintWriter console;

  Lab(Supplier<JavaSparkContext> spark, Path folder, LabOptions options, PrintWriter console) {
    this.spark = spark;
    this.folder = folder;
    this.options = options;
    this.console = console;
  }

  /** The Spark context; the first call starts it. */
  public JavaSparkContext spark() {
    return spark.get();
  }

  /** The folder for all output of the example. */
  public Path folder() {
    return folder;
  }

  /** Seed of data, initial parameters and order. */
  public long seed() {
    return options.seed();
  }

  /**
   * A configuration to build on, for a training that writes to {@code runs/NAME} and replaces what
   * is there. Prints the name on the console.
   *
   * @param virtualWorkers V, which limits the number of Spark tasks
   * @param batchSize examples of one virtual worker's micro-batch
   */
  public TrainingConfig.Builder newRun(String name, int virtualWorkers, int batchSize, int epochs) {
    say(name + " …");
    return TrainingConfig.builder()
        .data(d -> d.batchSize(batchSize))
        .optimization(o -> o.seed(options.seed()).epochs(epochs))
        .mode(m -> m.virtualWorkers(virtualWorkers))
        .cluster(
            c ->
                c.workers(Math.min(options.workers(), virtualWorkers))
                    .numericProfile(options.numericProfile()))
        .output(o -> o.folder(location("runs/" + name)).existing(ExistingOutput.REPLACE));
  }

  /** Writes examples from memory as data shards to {@code data/NAME}. */
  public ShardedDataset dataset(String name, DataSet examples) throws IOException {
    return Lockstep.shard(spark(), examples, location("data/" + name), sharding(name));
  }

  /** Sharding options that replace an existing dataset. */
  public ShardingOptions sharding(String name) {
    return ShardingOptions.named(name).ifExists(IfExists.REPLACE);
  }

  /** The network of these layers, with initial parameters. */
  public static MultiLayerNetwork network(ListBuilder layers) {
    MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
    network.init();
    return network;
  }

  /** A path in the example's folder, as Hadoop writes it. */
  public String location(String path) {
    return location(folder.resolve(path));
  }

  /** A local path as Hadoop writes it: unlike a URI, it does not escape spaces. */
  public static String location(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri()).toString();
  }

  /** Prints a line on the console. */
  public void say(String line) {
    console.println(line);
    console.flush();
  }
}
