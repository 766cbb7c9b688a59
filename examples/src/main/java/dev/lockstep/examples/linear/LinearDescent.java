package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The line y = 2x + 3, found by gradient descent that looks at all, ten or one points a step. */
public class LinearDescent extends Experiment {

  /** {@code linear-batch}. */
  @Command(
      name = "linear-batch",
      description = "Fits y = 2x + 3 by batch gradient descent: all points make one step.")
  public static final class Batch extends LinearDescent {
    Batch() {
      super(PointsPerStep.BATCH);
    }
  }

  /** {@code linear-minibatch}. */
  @Command(
      name = "linear-minibatch",
      description = "Fits y = 2x + 3 by mini-batches: ten points make a step.")
  public static final class MiniBatch extends LinearDescent {
    MiniBatch() {
      super(PointsPerStep.MINI_BATCH);
    }
  }

  /** {@code linear-sgd}. */
  @Command(
      name = "linear-sgd",
      description = "Fits y = 2x + 3 by stochastic gradient descent: every point makes a step.")
  public static final class Stochastic extends LinearDescent {
    Stochastic() {
      super(PointsPerStep.STOCHASTIC);
    }
  }

  private final PointsPerStep shown;

  @Option(
      names = "--steps",
      defaultValue = "1000",
      description = "Steps of each method (default: ${DEFAULT-VALUE}).")
  private int steps;

  private LinearDescent(PointsPerStep shown) {
    this.shown = shown;
  }

  @Override
  protected Page run(Lab lab) throws IOException {
    DataSet points = points(lab.seed());
    ShardedDataset data = lab.dataset("points", points);
    MultiLayerNetwork line = Line.network(lab.seed(), new Sgd(0.01), 0, 0);

    Page page =
        Page.titled("A line by " + shown.text() + " gradient descent")
            .withLead(
                "100 points were drawn from y = 2x + 3 with noise of 0.1. "
                    + Page.text("%,d", steps)
                    + " steps of batch descent come down smoothly and look at every point each"
                    + " time; as many stochastic steps look at one point each and jump about;"
                    + " mini-batches of ten lie between. All should end at the noise.");
    List<Series> bySteps = new ArrayList<>();
    List<Series> byEpochs = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (PointsPerStep each : PointsPerStep.values()) {
      TrainingConfig config = each.run(lab, steps);
      TrainingResult result = Lockstep.train(lab.spark(), line, data, config);
      bySteps.add(Series.ofSteps(each.text(), result.metrics(), StepMetrics::meanLoss));
      byEpochs.add(Series.ofEpochs(each.text(), result.metrics(), EpochMetrics::meanLoss));
      PlainDl4j plain = PlainDl4j.fit(lab, line, data, config);
      rows.add(
          List.of(
              each.text(),
              Page.text("%.4f", result.parameters()[0]),
              Page.text("%.4f", result.parameters()[1]),
              plain.differenceText(result)));
      if (each == shown) {
        page = page.with(Line.learned(result, points)).with(plain.beside(result));
      }
    }
    return page.with(
        Chart.lines("The three ways, by steps", "step", "mean squared error", bySteps)
            .logarithmic()
            .withYRange(1e-4, 20),
        Chart.lines("The same by epochs", "epoch", "mean squared error", byEpochs).logarithmic(),
        new Page.Table(
            "After the last step",
            List.of("descent", "w", "b", "‖θ − θ of plain DL4J‖ / ‖θ‖"),
            rows));
  }

  static DataSet points(long seed) {
    return Samples.of(x -> 2 * x + 3, 0.1, PointsPerStep.POINTS, -1, 1, seed);
  }
}
