package dev.lockstep.examples.linear;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The linear model of one variable as a DL4J network: θ is slope and intercept. */
final class Line {

  private Line() {}

  /**
   * Initialised, with the mean squared error as its loss.
   *
   * @param l1 coefficient of |w|
   * @param l2 coefficient of w²/2
   */
  static MultiLayerNetwork network(long seed, IUpdater updater, double l1, double l2) {
    MultiLayerNetwork line =
        new MultiLayerNetwork(
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
                        .build())
                .build());
    line.init();
    return line;
  }
}
