package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Page.Table;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code linear-bias-variance}: a straight line with and without penalties on its slope. */
@Command(
    name = "linear-bias-variance",
    description = "Fits y = 5x + 7 plainly, with L1 and with L2, and shows bias and variance.")
public final class BiasVariance extends Experiment {

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

  @Override
  protected Page run(Lab lab) throws IOException {
    Penalty none = new Penalty("none", 0, 0);
    DataSet points = Penalty.draw(lab.seed());
    ShardedDataset data = lab.dataset("points", points);
    Page page =
        Page.titled("Bias and variance of a line")
            .withLead(
                "256 points were drawn from y = 5x + 7 with noise of 1/4. Without a penalty w and b"
                    + " should come out near 5 and 7, off by little more than 0.03. L1 and L2 pull"
                    + " the slope w towards 0, so the line is too flat: that is bias. What L2 buys"
                    + " for it is variance, for w differs less from one noise to another; L1 shifts"
                    + " all draws alike, until w is 0.");
    Page.Section[] beside = {};
    List<Series> losses = new ArrayList<>();
    List<Series> lines = new ArrayList<>(List.of(Samples.series("points", points)));
    List<Point> slopes = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Penalty penalty : List.of(none, new Penalty("L1", l1, 0), new Penalty("L2", 0, l2))) {
      MultiLayerNetwork start =
          Line.network(lab.seed(), new Sgd(learningRate), penalty.l1(), penalty.l2());
      TrainingConfig config = lab.newRun(penalty.text(), 4, 64, epochs).build();
      TrainingResult result = Lockstep.train(lab.spark(), start, data, config);
      float w = result.parameters()[0];
      float b = result.parameters()[1];
      losses.add(penalty.losses(result));
      lines.add(Series.function(penalty.text(), x -> w * x + b, -1, 1));
      slopes.add(new Point(penalty.l1() + penalty.l2(), w));
      rows.add(penalty.row(w, b, lab.seed()));
      if (penalty.equals(none)) {
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
            new Table(
                "Trained here, and computed for " + Penalty.DRAWS + " draws of the noise",
                Penalty.HEADER,
                rows))
        .with(beside);
  }
}
