package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.examples.lab.Samples;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quadratic}: a small network learns a parabola, by all, one or 128 points a step. */
@Command(
    name = "quadratic",
    description = "Fits y = 0.3x² by a small network: batch, stochastic, mini-batch with momentum.")
public final class Quadratic extends Experiment {

  @Option(
      names = "--epochs",
      defaultValue = "20",
      paramLabel = "N",
      description = "Passes over the 1,000 points (default: ${DEFAULT-VALUE}).")
  private int epochs;

  /**
   * How many points a step looks at, V * b of them.
   *
   * @param text for legends
   */
  private record Way(String text, int virtualWorkers, int batchSize, IUpdater updater) {}

  @Override
  protected Page run(Lab lab) throws IOException {
    DataSet points = Samples.of(x -> 0.3 * x * x, 1, 1_000, -5, 5, lab.seed());
    ShardedDataset data = lab.dataset("points", points);
    Way miniBatch = new Way("mini-batch+momentum", 4, 32, new Nesterovs(1e-3, 0.9));
    List<Way> ways =
        List.of(
            new Way("batch", 4, 250, new Sgd(1e-3)),
            new Way("stochastic", 1, 1, new Sgd(1e-3)),
            miniBatch);

    // The first training of a JVM is slow, whatever its way.
    Lockstep.train(
        lab.spark(),
        network(lab.seed(), miniBatch.updater),
        data,
        lab.newRun("warm-up", 4, 32, 1).build());
    Page page =
        Page.titled("A parabola by a small network")
            .withLead(
                "The noise of the 1,000 points leaves a mean squared error near 1. Batch descent"
                    + " makes one step a pass and should be slowest by passes; stochastic descent"
                    + " makes a thousand, each on one point; by time mini-batches with momentum"
                    + " should be the first to come down.");
    Page.Section[] beside = {};
    List<Series> byEpochs = new ArrayList<>();
    List<Series> bySeconds = new ArrayList<>();
    List<Series> speeds = new ArrayList<>();
    List<Series> fits = new ArrayList<>(List.of(Samples.series("points", points)));
    for (Way way : ways) {
      MultiLayerNetwork start = network(lab.seed(), way.updater);
      TrainingConfig config =
          lab.newRun(way.text, way.virtualWorkers, way.batchSize, epochs).build();
      TrainingResult result = Lockstep.train(lab.spark(), start, data, config);
      byEpochs.add(Series.ofEpochs(way.text, result.metrics(), EpochMetrics::meanLoss));
      bySeconds.add(
          Series.of(
              way.text,
              result.metrics().epochs(),
              EpochMetrics::elapsedSeconds,
              EpochMetrics::meanLoss));
      speeds.add(
          Series.of(
              way.text,
              List.of(new Point(0, result.progress().steps() / result.progress().seconds()))));
      MultiLayerNetwork trained = result.model().network();
      fits.add(
          Series.function(
              way.text, x -> trained.output(Nd4j.valueArrayOf(1, 1, x)).getDouble(0), -5, 5));
      if (way.equals(miniBatch)) {
        beside = PlainDl4j.fit(lab, start, data, config).beside(result);
      }
    }
    return page.with(
            Chart.lines("Loss by passes", "epoch", "mean squared error", byEpochs)
                .logarithmic()
                .wide(),
            Chart.lines("Loss by time", "seconds", "mean squared error", bySeconds).logarithmic(),
            Chart.bars("Speed", "", "iterations a second", speeds.toArray(Series[]::new)),
            Chart.scatter("What was learned", "x", "y", fits.toArray(Series[]::new)).wide())
        .with(beside);
  }

  private static MultiLayerNetwork network(long seed, IUpdater updater) {
    return Lab.network(
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(updater)
            .weightInit(WeightInit.RELU)
            .activation(Activation.RELU)
            .list()
            .layer(new DenseLayer.Builder().nIn(1).nOut(32).build())
            .layer(new DenseLayer.Builder().nIn(32).nOut(32).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .activation(Activation.IDENTITY)
                    .nIn(32)
                    .nOut(1)
                    .build()));
  }
}
