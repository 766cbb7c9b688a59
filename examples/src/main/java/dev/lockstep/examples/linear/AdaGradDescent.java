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
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code adagrad-linear}: AdaGrad's shrinking steps, on a straight line. */
@Command(
    name = "adagrad-linear",
    description = "Fits y = 2x + 3 by AdaGrad, beside SGD, and shows how its steps shrink.")
public final class AdaGradDescent extends Experiment {

  @Option(
      names = "--epochs",
      defaultValue = "100",
      paramLabel = "N",
      description = "Passes over the 100 points, 10 a step (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.01",
      paramLabel = "R",
      description = "Of AdaGrad and SGD (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--large-rate",
      defaultValue = "0.5",
      paramLabel = "R",
      description = "Of AdaGrad once more (default: ${DEFAULT-VALUE}).")
  private double largeRate;

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = lab.dataset("points", points(lab.seed()));
    String shown = "AdaGrad(" + learningRate + ")";
    Map<String, IUpdater> updaters = new LinkedHashMap<>();
    updaters.put(shown, new AdaGrad(learningRate));
    updaters.put("SGD(" + learningRate + ")", new Sgd(learningRate));
    updaters.put("AdaGrad(" + largeRate + ")", new AdaGrad(largeRate));

    Page page =
        Page.titled("A line by AdaGrad")
            .withLead(
                "100 points were drawn from y = 2x + 3 with noise of 1. AdaGrad divides its"
                    + " learning rate by the root of all squared gradients so far, so its steps"
                    + " only ever shrink: at the same small rate it should still be far from the"
                    + " line when SGD is there. With a rate many times as large it arrives too:"
                    + " learning rates of different optimizers do not compare.");
    List<Figure> figures = new ArrayList<>();
    Page.Section[] beside = {};
    List<Series> losses = new ArrayList<>();
    List<Series> rates = new ArrayList<>();
    for (Map.Entry<String, IUpdater> each : updaters.entrySet()) {
      MultiLayerNetwork start = Line.network(lab.seed(), each.getValue(), 0, 0);
      TrainingConfig config =
          lab.newRun(each.getKey(), 2, 5, epochs)
              // Measures the gradient's norm and clips nothing.
              .optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY))
              .build();
      TrainingResult result = Lockstep.train(lab.spark(), start, data, config);
      losses.add(Series.ofEpochs(each.getKey(), result.metrics(), EpochMetrics::meanLoss));
      rates.add(effectiveRate(each.getKey(), each.getValue(), result));
      figures.add(Figure.of("w by " + each.getKey(), "%.4f", result.parameters()[0]));
      figures.add(Figure.of("b by " + each.getKey(), "%.4f", result.parameters()[1]));
      if (each.getKey().equals(shown)) {
        beside = PlainDl4j.fit(lab, start, data, config).beside(result);
      }
    }
    return page.with(
            new Page.Figures(figures),
            Chart.lines("Loss", "epoch", "mean squared error", losses).logarithmic(),
            Chart.lines("What a unit of gradient moves", "step", "effective learning rate", rates)
                .logarithmic())
        .with(beside);
  }

  static DataSet points(long seed) {
    return Samples.of(x -> 2 * x + 3, 1, 100, -1, 1, seed);
  }

  /**
   * SGD's rate stays; AdaGrad's is divided by the root of the squared gradients, here those of w
   * and b together, so that one curve stands for both.
   */
  private static Series effectiveRate(String name, IUpdater updater, TrainingResult result) {
    List<Point> rates = new ArrayList<>();
    double squares = 0;
    for (StepMetrics step : result.metrics().steps()) {
      squares += step.gradientNorm() * step.gradientNorm();
      double divisor = updater instanceof AdaGrad ? Math.sqrt(squares) : 1;
      rates.add(new Point(step.step(), updater.getLearningRate(0, 0) / divisor));
    }
    return Series.of(name, rates).withStyle(Series.Style.LINE);
  }
}
