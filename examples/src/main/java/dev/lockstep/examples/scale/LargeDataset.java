package dev.lockstep.examples.scale;

import dev.lockstep.examples.digits.Digit;
import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.TrainingReport;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Digits that no process ever holds together: drawn in the executors, streamed from shards. */
@Command(
    name = "large",
    description = "Trains on more digits than a worker's heap need hold, drawn in the executors.")
public final class LargeDataset extends Experiment {

  @Option(
      names = "--examples",
      defaultValue = "60000",
      description = "Digits to draw; one takes 3,140 bytes (default: ${DEFAULT-VALUE}).")
  private long examples;

  @Option(names = "--partitions", description = "Tasks that draw (default: twice the slots).")
  private int partitions;

  @Option(
      names = "--epochs",
      defaultValue = "1",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    lab.say(String.format(Locale.ROOT, "drawing %,d digits in the executors …", examples));
    DigitGenerator generator = new DigitGenerator(lab.seed());
    int tasks = partitions > 0 ? partitions : 2 * lab.spark().defaultParallelism();
    JavaRDD<Example> digits =
        lab.spark()
            .sc()
            .range(0, examples, 1, tasks)
            .toJavaRDD()
            .map(index -> generator.digit((Long) index).example())
            // The ingest passes over them twice: to count, and to write.
            .persist(StorageLevel.DISK_ONLY());
    String location = lab.location("data/digits");
    ShardedDataset data =
        ExampleIngest.ingest(digits, Digit.TENSORS, Map.of(), location, lab.sharding("digits"));
    digits.unpersist();

    TrainingConfig config =
        lab.newRun("large", 4, 32, epochs).data(d -> d.validationFraction(0.02)).build();
    InitialModel network =
        InitialModel.fresh(
            ModelDefinition.builtIn("mlp:256,128", Digit.TENSORS, BuiltInOptions.DEFAULT));
    StringBuilder plan = new StringBuilder();
    ExecutorHeap.forget(lab.spark());
    TrainingResult result =
        Lockstep.train(
            lab.spark(), network, data, config, TrainingObserver.ofDescription(plan::append));
    List<ExecutorHeap> heaps = ExecutorHeap.observe(lab.spark());

    long bytes = data.manifest().shards().stream().mapToLong(DataShard::bytes).sum();
    long heap = heaps.stream().mapToLong(ExecutorHeap::most).min().orElseThrow();
    return Page.titled("More data than memory")
        .withLead(lead(bytes, heap))
        .with(
            new Page.Figures(
                Figure.of("dataset", "%,.0f MB", bytes / 1e6),
                Figure.of("heap of an executor", "%,.0f MB", heap / 1e6),
                Figure.of("examples a second", "%,.0f", result.progress().examplesPerSecond()),
                Figure.of(
                    "validation accuracy",
                    "%.2f %%",
                    100 * result.metrics().lastEpoch().validationAccuracy()),
                Figure.of("training", "%,.1f s", result.progress().seconds())),
            Chart.bars(
                "Throughput of each worker",
                "worker",
                "examples a second",
                Series.of(
                    "examples a second",
                    result.cluster().workerThroughputs(),
                    WorkerThroughput::worker,
                    WorkerThroughput::examplesPerSecond)),
            Chart.lines(
                    "Loss",
                    "step",
                    "cross-entropy, training",
                    Series.ofSteps("loss", result.metrics(), StepMetrics::meanLoss).smoothed(10))
                .logarithmic(),
            TrainingReport.workerTable(result.cluster().workerThroughputs()),
            ExecutorHeap.table(heaps, bytes),
            new Page.Text("What the training was to hold", plan.toString()));
  }

  private static String lead(long bytes, long heap) {
    return "A Spark job drew the digits in the executors; no process ever held them all. A worker"
        + " reads the blocks that it trains on next. "
        + String.format(
            Locale.ROOT,
            bytes > heap
                ? "The dataset does not fit in an executor's heap: it is %.1f times as large."
                : "This dataset would have fitted in an executor's heap, of which it is %.2f; with"
                    + " --master 'local-cluster[2,1,512]' --conf spark.executor.memory=512m"
                    + " --examples 200000 it would not.",
            (double) bytes / heap);
  }
}
