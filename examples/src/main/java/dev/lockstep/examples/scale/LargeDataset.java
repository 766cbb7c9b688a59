package dev.lockstep.examples.scale;

import dev.lockstep.examples.digits.Digit;
import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.report.Chart;
import dev.lockstep.trainer.report.EpochMetrics;
import dev.lockstep.trainer.report.Page;
import dev.lockstep.trainer.report.Page.Figure;
import dev.lockstep.trainer.report.Series;
import dev.lockstep.trainer.report.StepMetrics;
import dev.lockstep.trainer.report.WorkerThroughput;
import dev.lockstep.trainer.spark.TrainingObserver;
import dev.lockstep.trainer.spark.TrainingResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
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
      paramLabel = "N",
      description = "Digits to draw; one takes 3,140 bytes (default: ${DEFAULT-VALUE}).")
  private long examples;

  @Option(
      names = "--partitions",
      defaultValue = "0",
      paramLabel = "P",
      description = "Tasks that draw; does not change the data (default: twice the slots).")
  private int partitions;

  @Option(
      names = "--epochs",
      defaultValue = "1",
      paramLabel = "N",
      description = "Passes over the digits (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    lab.say(format("drawing %,d digits in the executors …", examples));
    long began = System.nanoTime();
    long seed = lab.seed();
    int tasks = partitions > 0 ? partitions : 2 * lab.spark().defaultParallelism();
    JavaRDD<Example> digits =
        lab.spark()
            .sc()
            .range(0, examples, 1, tasks)
            .toJavaRDD()
            .map(index -> example(new DigitGenerator(seed).digit((Long) index)))
            // The ingest passes over them twice: to count, and to write.
            .persist(StorageLevel.DISK_ONLY());
    Dataset data =
        ExampleIngest.ingest(
            digits,
            List.of(
                new TensorSpec(
                    "features",
                    TensorSpec.Role.FEATURES,
                    TensorSpec.Encoding.FLOAT32,
                    List.of(Digit.SIZE * Digit.SIZE)),
                new TensorSpec(
                    "labels",
                    TensorSpec.Role.LABELS,
                    TensorSpec.Encoding.CLASS_INDEX,
                    List.of(10))),
            Map.of(),
            lab.location("data/digits"),
            lab.sharding("digits"));
    digits.unpersist();
    double drawingSeconds = (System.nanoTime() - began) / 1e9;

    TrainingConfig config =
        lab.newRun("large")
            .virtualWorkers(4)
            .batchSize(32)
            .epochs(epochs)
            .validationFraction(0.02)
            .build();
    Announcement announcement = new Announcement();
    ExecutorHeap.forget(lab.spark());
    TrainingResult result = Lockstep.train(lab.spark(), network(), data, config, announcement);
    List<ExecutorHeap> heaps = ExecutorHeap.observe(lab.spark());

    long bytes = data.shardSet().shards().stream().mapToLong(DataShard::bytes).sum();
    long heap = heaps.stream().mapToLong(ExecutorHeap::most).min().orElseThrow();
    List<EpochMetrics> metrics = result.metrics().epochs();
    return Page.titled("More data than memory")
        .withLead(lead(bytes, heap))
        .with(
            new Page.Figures(
                Figure.of("dataset", "%,.0f MB", bytes / 1e6),
                Figure.of("heap of an executor", "%,.0f MB", heap / 1e6),
                Figure.of("examples a second", "%,.0f", result.examplesPerSecond()),
                Figure.of(
                    "validation accuracy",
                    "%.2f %%",
                    100 * metrics.get(metrics.size() - 1).validationAccuracy()),
                Figure.of("drawing and sharding", "%,.1f s", drawingSeconds),
                Figure.of("training", "%,.1f s", result.seconds())),
            throughputChart(result.workerThroughputs()),
            Chart.lines(
                    "Loss",
                    "step",
                    "cross-entropy, training",
                    Series.ofSteps("loss", result.metrics(), StepMetrics::meanLoss).smoothed(10))
                .logarithmic(),
            throughputs(result.workerThroughputs()),
            heapTable(heaps, bytes),
            new Page.Text("What the training was to hold", announcement.text()));
  }

  private static Example example(Digit digit) {
    float[] pixels = new float[digit.image().length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Byte.toUnsignedInt(digit.image()[i]) / 255f;
    }
    return Example.of(pixels, new float[] {digit.label()});
  }

  private static InitialModel network() {
    return InitialModel.fresh(
        ModelDefinition.of(
            new NeuralNetConfiguration.Builder()
                .updater(new Adam(0.001))
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().nOut(256).build())
                .layer(new DenseLayer.Builder().nOut(128).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(10)
                        .build())
                .setInputType(InputType.feedForward(Digit.SIZE * Digit.SIZE))
                .build()));
  }

  private static String lead(long bytes, long heap) {
    return "A Spark job drew the digits in the executors; they never met in one process. A worker"
        + " reads the blocks that it trains on next. "
        + String.format(
            Locale.ROOT,
            bytes > heap
                ? "The dataset does not fit in an executor's heap: it is %.1f times as large."
                : "This dataset would have fitted in an executor's heap, of which it is %.2f; with"
                    + " --master 'local-cluster[2,1,512]' --executor-memory 512m --examples 300000"
                    + " it would not.",
            (double) bytes / heap);
  }

  private static Chart throughputChart(List<WorkerThroughput> workers) {
    return Chart.bars(
        "Throughput of each worker",
        "worker",
        "examples a second",
        Series.of(
            "examples a second",
            workers,
            WorkerThroughput::worker,
            WorkerThroughput::examplesPerSecond));
  }

  private static Page.Table throughputs(List<WorkerThroughput> workers) {
    List<List<String>> rows = new ArrayList<>();
    for (WorkerThroughput each : workers) {
      rows.add(
          List.of(
              String.valueOf(each.worker()),
              each.executor(),
              each.host(),
              format("%,d", each.examples()),
              format("%,.0f", each.examplesPerSecond()),
              format("%.1f s", each.seconds()),
              format("%.0f %%", 100 * each.gradientSeconds() / each.seconds()),
              format("%.0f %%", 100 * each.dataSeconds() / each.seconds()),
              format("%.0f %%", 100 * each.parameterSeconds() / each.seconds())));
    }
    return new Page.Table(
        "Workers",
        List.of(
            "worker",
            "executor",
            "host",
            "examples",
            "examples a second",
            "time",
            "computing",
            "waiting for data",
            "waiting for parameters"),
        rows);
  }

  private static Page.Table heapTable(List<ExecutorHeap> heaps, long bytes) {
    return new Page.Table(
        "Heap while training: the sum of the pools' peaks, garbage included",
        List.of("executor", "may grow to", "peak", "dataset"),
        heaps.stream()
            .map(
                each ->
                    List.of(
                        each.executor(),
                        format("%,.0f MB", each.most() / 1e6),
                        format("%,.0f MB", each.peak() / 1e6),
                        format("%,.0f MB", bytes / 1e6)))
            .toList());
  }

  private static String format(String format, Object value) {
    return String.format(Locale.ROOT, format, value);
  }

  /** What is said before a training is launched: workers, steps, memory. */
  private static final class Announcement implements TrainingObserver {
    private final StringBuilder said = new StringBuilder();

    @Override
    public void launching(String description) {
      said.append(description);
    }

    String text() {
      return said.toString();
    }
  }
}
