package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.report.Chart;
import dev.lockstep.trainer.report.EpochMetrics;
import dev.lockstep.trainer.report.Page;
import dev.lockstep.trainer.report.Page.Figure;
import dev.lockstep.trainer.report.Page.Table;
import dev.lockstep.trainer.report.Series;
import dev.lockstep.trainer.report.Series.Point;
import dev.lockstep.trainer.spark.TrainingResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code linear-bias-variance}: a straight line with and without penalties on its slope. */
@Command(
    name = "linear-bias-variance",
    description = "Fits y = 5x + 7 plainly, with L1 and with L2, and shows bias and variance.")
public final class BiasVariance extends Experiment {

  private static final int DRAWS = 200;

  private static final List<String> HEADER =
      List.of(
          "",
          "w",
          "w, computed",
          "b",
          "b, computed",
          "5 − w",
          "7 − b",
          "mean of 5 − w",
          "deviation of w");

  @Option(
      names = "--epochs",
      defaultValue = "3000",
      paramLabel = "N",
      description = "Steps, each on all 256 points (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.01",
      paramLabel = "R",
      description = "Of SGD (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--l1",
      defaultValue = "1",
      paramLabel = "C",
      description = "Coefficient of |w| (default: ${DEFAULT-VALUE}).")
  private double l1;

  @Option(
      names = "--l2",
      defaultValue = "0.5",
      paramLabel = "C",
      description = "Coefficient of w²/2 (default: ${DEFAULT-VALUE}).")
  private double l2;

  /**
   * One way to fit.
   *
   * @param text for legends
   */
  private record Fit(String text, double l1, double l2) {}

  @Override
  protected Page run(Lab lab) throws IOException {
    Fit plain = new Fit("plain", 0, 0);
    DataSet points = draw(lab.seed());
    Dataset data = lab.dataset("points", points);
    Page page =
        Page.titled("Bias and variance of a line")
            .withLead(
                "256 points were drawn from y = 5x + 7 with noise of 1/4. Without a penalty w and b"
                    + " should come out near 5 and 7, off by little more than 0.03. L1 and L2 pull"
                    + " the slope w towards 0, so the line is too flat: that is bias. What L2 buys"
                    + " for it is variance, for w differs less from draw to draw; L1 shifts all"
                    + " draws alike, until w is 0.");
    Page.Section[] beside = {};
    List<Series> losses = new ArrayList<>();
    List<Series> lines = new ArrayList<>(List.of(Samples.series("points", points)));
    List<Point> slopes = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Fit fit : List.of(plain, new Fit("L1", l1, 0), new Fit("L2", 0, l2))) {
      MultiLayerNetwork start = line(lab.seed(), fit);
      TrainingConfig config =
          lab.newRun(fit.text).virtualWorkers(4).batchSize(64).epochs(epochs).build();
      TrainingResult result = Lockstep.train(lab.spark(), start, data, config);
      float w = result.parameters()[0];
      float b = result.parameters()[1];
      losses.add(everyHundred(fit.text, result));
      lines.add(Series.function(fit.text, x -> w * x + b, -1, 1));
      slopes.add(new Point(fit.l1 + fit.l2, w));
      rows.add(row(fit, w, b, LeastSquares.of(points, fit.l1, fit.l2), lab.seed()));
      if (fit.equals(plain)) {
        page =
            page.with(
                new Page.Figures(
                    Figure.of("w, drawn with 5", "%.4f", w),
                    Figure.of("b, drawn with 7", "%.4f", b),
                    Figure.of("bias of w, 5 − w", "%.4f", 5 - w),
                    Figure.of("bias of b, 7 − b", "%.4f", 7 - b)));
        beside = PlainDl4j.fit(lab, start, data, config).beside(result);
      }
    }
    double most = Math.max(4, 1.2 * Math.max(l1, l2));
    return page.with(
            Chart.scatter("Data and fitted lines", "x", "y", lines.toArray(Series[]::new)),
            Chart.lines("Loss every 100 epochs", "epoch", "mean squared error", losses)
                .logarithmic(),
            Chart.lines(
                "What penalties do to the slope",
                "coefficient",
                "w",
                Series.function("L1, computed", c -> LeastSquares.of(points, c, 0).w(), 0, most),
                Series.function("L2, computed", c -> LeastSquares.of(points, 0, c).w(), 0, most),
                Series.of("trained", slopes).withStyle(Series.Style.DOTS)),
            new Table("Trained here, and computed for " + DRAWS + " other draws", HEADER, rows))
        .with(beside);
  }

  private static DataSet draw(long seed) {
    return Samples.of(x -> 5 * x + 7, 0.25, 256, -1, 1, seed);
  }

  private MultiLayerNetwork line(long seed, Fit fit) {
    MultiLayerNetwork line =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Sgd(learningRate))
                .l1(fit.l1)
                .l2(fit.l2)
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nIn(1)
                        .nOut(1)
                        .build())
                .build());
    line.init();
    return line;
  }

  private static Series everyHundred(String name, TrainingResult result) {
    List<EpochMetrics> some =
        result.metrics().epochs().stream()
            .filter(each -> each.epoch() == 1 || each.epoch() % 100 == 0)
            .toList();
    return Series.of(name, some, EpochMetrics::epoch, EpochMetrics::meanLoss);
  }

  private static List<String> row(Fit fit, float w, float b, LeastSquares computed, long seed) {
    double[] slopes =
        LongStream.rangeClosed(1, DRAWS)
            .mapToDouble(i -> LeastSquares.of(draw(seed + i), fit.l1, fit.l2).w())
            .toArray();
    double mean = Arrays.stream(slopes).average().orElseThrow();
    double variance =
        Arrays.stream(slopes).map(slope -> (slope - mean) * (slope - mean)).average().orElseThrow();
    return Stream.concat(
            Stream.of(fit.text),
            DoubleStream.of(
                    w, computed.w(), b, computed.b(), 5 - w, 7 - b, 5 - mean, Math.sqrt(variance))
                .mapToObj(value -> String.format(Locale.ROOT, "%.4f", value)))
        .toList();
  }
}
