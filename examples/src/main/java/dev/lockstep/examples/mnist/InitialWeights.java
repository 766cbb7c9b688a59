package dev.lockstep.examples.mnist;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
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
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.IWeightInit;
import org.deeplearning4j.nn.weights.WeightInitDistribution;
import org.deeplearning4j.nn.weights.WeightInitRelu;
import org.deeplearning4j.nn.weights.WeightInitXavier;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The same network from three kinds of initial weights. */
@Command(
    name = "mnist-init",
    description = "Learns to read digits from He, Xavier and small random initial weights.")
public final class InitialWeights extends Experiment {

  /**
   * How the weights are drawn.
   *
   * @param hidden of the ReLU layers
   * @param output of the last layer
   */
  private record Start(String text, IWeightInit hidden, IWeightInit output) {}

  @Mixin private DigitImages images = new DigitImages(5_000);

  @Option(
      names = "--epochs",
      defaultValue = "4",
      paramLabel = "N",
      description = "Passes over the images (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = images.open(lab);
    IWeightInit he = new WeightInitRelu();
    IWeightInit xavier = new WeightInitXavier();
    IWeightInit small = new WeightInitDistribution(new NormalDistribution(0, 0.01));
    List<Start> starts =
        List.of(
            new Start("He, output Xavier", he, xavier),
            new Start("Xavier, output He", xavier, he),
            new Start("normal, deviation 0.01", small, small));
    List<Series> steps = new ArrayList<>();
    List<Series> accuracies = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    Page.Section[] beside = {};
    for (Start start : starts) {
      TrainingConfig config =
          lab.newRun(start.text, 4, 16, epochs).data(d -> d.validationFraction(0.2)).build();
      MultiLayerNetwork network = network(lab.seed(), start);
      TrainingResult result = Lockstep.train(lab.spark(), network, data, config);
      if (start.equals(starts.get(0))) {
        beside = PlainDl4j.fit(lab, network, data, config).beside(result);
      }
      steps.add(Series.ofSteps(start.text, result.metrics(), StepMetrics::meanLoss).smoothed(5));
      accuracies.add(
          Series.ofEpochs(start.text, result.metrics(), e -> 100 * e.validationAccuracy()));
      double first = result.metrics().steps().get(0).meanLoss();
      EpochMetrics last = result.metrics().lastEpoch();
      figures.add(Figure.of("first loss, " + start.text, "%.4f", first));
      figures.add(Figure.of("accuracy, " + start.text, "%.2f %%", 100 * last.validationAccuracy()));
    }
    return Page.titled("Initial weights")
        .withLead(
            "A 784-256-128-10 network learns from "
                + images.describe(data)
                + "; a fifth is kept for validation. Adam, rate 0.001, 64 images a step. Weights of"
                + " deviation 0.01 let so little through that every class is equally likely at"
                + " first: the loss begins at ln 10 = 2.3026 and should fall later than from He's"
                + " weights, which keep the signal's size through ReLU layers.")
        .with(
            new Page.Figures(figures),
            Chart.lines("Loss by steps", "step", "cross-entropy, training, mean of 5 steps", steps)
                .logarithmic()
                .wide(),
            Chart.lines("Accuracy", "epoch", "validation accuracy, %", accuracies))
        .with(beside);
  }

  private static MultiLayerNetwork network(long seed, Start start) {
    return Lab.network(
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(new Adam(0.001))
            .list()
            .layer(hidden(784, 256, start))
            .layer(hidden(256, 128, start))
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .activation(Activation.SOFTMAX)
                    .nIn(128)
                    .nOut(10)
                    .weightInit(start.output)
                    .build()));
  }

  private static DenseLayer hidden(int in, int out, Start start) {
    return new DenseLayer.Builder()
        .nIn(in)
        .nOut(out)
        .activation(Activation.RELU)
        .weightInit(start.hidden)
        .build();
  }
}
