package dev.lockstep.trainer.bench;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.SyntheticDataset;
import dev.lockstep.trainer.driver.TrainingJob;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What checkpoints cost: the same training with one every so many steps and with one at the end
 * alone, in turn, in one process on {@code local[2]}, Adam. The figures are the ratios of the best
 * and medians of the times, and the median of the ratios of pairs. Arguments: model ({@code
 * mlp:256,128} has 235,146 parameters, {@code mlp:4650,4550} 24.9 million), micro-batch, steps of a
 * run, steps between checkpoints, rounds. Needs the numeric profile's environment and Spark's JVM
 * options.
 */
public final class CheckpointOverheadBenchmark {

  private static final int VIRTUAL_WORKERS = 4;

  private CheckpointOverheadBenchmark() {}

  /** Prints the seconds of both and the ratio. */
  public static void main(String[] args) throws Exception {
    String model = args.length > 0 ? args[0] : "mlp:256,128";
    int batch = args.length > 1 ? Integer.parseInt(args[1]) : 32;
    int steps = args.length > 2 ? Integer.parseInt(args[2]) : 1_000;
    String every = (args.length > 3 ? args[3] : "100") + "steps";
    int rounds = args.length > 4 ? Integer.parseInt(args[4]) : 5;
    Path folder = Files.createTempDirectory("lockstep-checkpoint-benchmark");
    ShardedDataset dataset =
        SyntheticDataset.classes(
            folder.resolve("data"), List.of(784), 10, 10 * batch * VIRTUAL_WORKERS);
    double[] without = new double[rounds];
    double[] with = new double[rounds];
    try (JavaSparkContext spark = LocalSpark.on("local[2]")) {
      InitialModel initial =
          InitialModel.fresh(
              ModelDefinition.builtIn(model, dataset.manifest().tensors(), BuiltInOptions.DEFAULT));
      for (int round = -1; round < rounds; round++) {
        for (boolean saves : new boolean[] {round % 2 == 0, round % 2 != 0}) {
          String out = folder.resolve("run" + round + saves).toString();
          TrainingConfig.Builder config =
              TrainingConfig.builder()
                  .optimization(o -> o.epochs(steps / 10))
                  .data(d -> d.batchSize(batch))
                  .mode(m -> m.virtualWorkers(VIRTUAL_WORKERS))
                  .output(o -> o.folder(out));
          if (saves) {
            config.checkpoints(c -> c.every(CheckpointInterval.parse(every)));
          }
          TrainingResult result =
              new TrainingJob(spark, config.build(), initial, dataset, TrainingObserver.NONE).run();
          double seconds = secondsOfAllButTheFirst(result);
          System.out.printf(
              Locale.ROOT,
              "%,d parameters, %s %.3f s, %.2f ms a step%n",
              result.parameters().length,
              saves ? "every " + every : "at the end",
              seconds,
              1e3 * seconds / (result.progress().steps() - 10));
          if (round >= 0) {
            (saves ? with : without)[round] = seconds;
          }
        }
      }
    }
    double[] pairs = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      pairs[round] = 100 * (with[round] / without[round] - 1);
    }
    Arrays.sort(pairs);
    System.out.printf(
        Locale.ROOT,
        "best: %+.2f %%; medians: without %.3f s, every %s %.3f s: %+.2f %%;"
            + " pairs %+.2f to %+.2f, median %+.2f %%%n",
        100 * (best(with) / best(without) - 1),
        median(without),
        every,
        median(with),
        100 * (median(with) / median(without) - 1),
        pairs[0],
        pairs[rounds - 1],
        median(pairs));
  }

  /** From the end of the first ten steps, in which replicas warm up, to the last step. */
  private static double secondsOfAllButTheFirst(TrainingResult result) {
    List<StepMetrics> all = result.metrics().steps();
    return all.get(all.size() - 1).elapsedSeconds() - all.get(9).elapsedSeconds();
  }

  private static double best(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
