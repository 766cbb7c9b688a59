package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The linear model of one variable as a DL4J network: θ is slope and intercept. */
final class Line {

  private Line() {}

  /**
   * Initialized, with the mean squared error as its loss.
   *
   * @param l1 coefficient of |w|
   * @param l2 coefficient of w²/2
   */
  static MultiLayerNetwork network(long seed, IUpdater updater, double l1, double l2) {
    return Lab.network(
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(updater)
            .l1(l1)
            .l2(l2)
            .list()
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .activation(Activation.IDENTITY)
                    .nIn(1)
                    .nOut(1)
                    .build()));
  }

  /** Slope and intercept, and the line among the points that it was fitted to. */
  static Page.Section[] learned(TrainingResult result, DataSet points) {
    float w = result.parameters()[0];
    float b = result.parameters()[1];
    return new Page.Section[] {
      new Page.Figures(
          Figure.of("w, drawn with 2", "%.4f", w), Figure.of("b, drawn with 3", "%.4f", b)),
      Chart.scatter(
          "What was learned",
          "x",
          "y",
          Samples.series("points", points),
          Series.function("learned", x -> w * x + b, -1, 1))
    };
  }
}
