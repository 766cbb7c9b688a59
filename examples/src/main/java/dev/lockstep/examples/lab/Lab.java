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

/**
 * Where an example works: a Spark context, a folder, and what was asked for on the command line.
 */
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

  /** The Spark context; it starts when it is first asked for. */
  public JavaSparkContext spark() {
    return spark.get();
  }

  /** Folder of all that the example writes. */
  public Path folder() {
    return folder;
  }

  /** Of data, initial parameters and order. */
  public long seed() {
    return options.seed();
  }

  /**
   * A configuration to build on, for a training whose outputs go to {@code runs/NAME}; what an
   * earlier one left there is replaced. Says on the console that it begins.
   *
   * @param virtualWorkers V; no more Spark tasks than that, whatever was asked for
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

  /** Examples from memory as data shards in {@code data/NAME}. */
  public ShardedDataset dataset(String name, DataSet examples) throws IOException {
    return Lockstep.shard(spark(), examples, location("data/" + name), sharding(name));
  }

  /** How data becomes shards here: what an earlier run left is replaced. */
  public ShardingOptions sharding(String name) {
    return ShardingOptions.named(name).ifExists(IfExists.REPLACE);
  }

  /** The network of these layers, with initial parameters. */
  public static MultiLayerNetwork network(ListBuilder layers) {
    MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
    network.init();
    return network;
  }

  /** A place in the example's folder, as Hadoop writes it. */
  public String location(String path) {
    return location(folder.resolve(path));
  }

  /** A local file or folder as Hadoop writes it: unlike a URI's text, with spaces as they are. */
  public static String location(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri()).toString();
  }

  /** Writes a line for people. */
  public void say(String line) {
    console.println(line);
    console.flush();
  }
}
