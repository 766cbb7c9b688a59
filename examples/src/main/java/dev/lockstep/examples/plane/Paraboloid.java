package dev.lockstep.examples.plane;

import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.sharding.ShardedDataset;
import java.io.IOException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** z = x² + 2y² + noise, and the network that learns it. */
final class Paraboloid {

  private Paraboloid() {}

  /** 1,000 points of [0, 1)². */
  static ShardedDataset points(Lab lab, double noise) throws IOException {
    return lab.dataset(
        "points", Samples.ofSquare((x, y) -> x * x + 2 * y * y, noise, 1_000, lab.seed()));
  }

  /** 2-8-1, initialized. */
  static MultiLayerNetwork network(IUpdater updater, long seed) {
    return Lab.network(
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(updater)
            .list()
            .layer(new DenseLayer.Builder().nIn(2).nOut(8).activation(Activation.TANH).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .nIn(8)
                    .nOut(1)
                    .activation(Activation.IDENTITY)
                    .build()));
  }
}
