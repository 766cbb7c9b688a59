package dev.lockstep.examples.mnist;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The same network with half of its hidden units dropped in training, and with none. */
@Command(
    name = "mnist-dropout",
    description = "Learns few digits by heart, with dropout 0.5 and without.")
public final class DroppedUnits extends Experiment {

  @Mixin private DigitImages images = new DigitImages(1_600);

  @Option(
      names = "--epochs",
      defaultValue = "30",
      paramLabel = "N",
      description = "Passes over the images (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = images.open(lab);
    List<Series> losses = new ArrayList<>();
    List<Series> accuracies = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (double dropped : new double[] {0, 0.5}) {
      String name = dropped == 0 ? "no dropout" : "dropout " + dropped;
      TrainingConfig config =
          lab.newRun(name, 4, 16, epochs).data(d -> d.validationFraction(0.5)).build();
      TrainingResult result =
          Lockstep.train(lab.spark(), network(lab.seed(), 1 - dropped), data, config);
      losses.add(Series.ofEpochs(name + ", training", result.metrics(), EpochMetrics::meanLoss));
      losses.add(
          Series.ofEpochs(name + ", validation", result.metrics(), EpochMetrics::validationLoss));
      accuracies.add(Series.ofEpochs(name, result.metrics(), e -> 100 * e.validationAccuracy()));

      // Both without dropout: the losses above are of the network with units dropped.
      EvaluationSums learned =
          Lockstep.evaluate(lab.spark(), result.model(), data, config, Split.TRAINING).get(0);
      EvaluationSums kept =
          Lockstep.evaluate(lab.spark(), result.model(), data, config, Split.VALIDATION).get(0);
      figures.add(Figure.of("accuracy, " + name, "%.2f %%", 100 * kept.accuracy()));
      figures.add(Figure.of("loss, " + name, "%.4f", kept.meanLoss()));
      figures.add(Figure.of("gap of loss, " + name, "%.4f", kept.meanLoss() - learned.meanLoss()));
    }
    return Page.titled("Dropout")
        .withLead(
            "A 784-256-128-10 network learns half of "
                + images.describe(data)
                + ", so few that it can learn them by heart; the other half is for validation."
                + " Adam, rate 0.001, 64 images a step. Without dropout the loss of training should"
                + " go on falling when that of validation does so no longer. With half of the"
                + " hidden units dropped in every step the gap between the two is smaller; but it"
                + " learns more slowly, and need not be more accurate after so few epochs. The"
                + " figures are of whole networks; the curve of training with dropout is of what"
                + " was left.")
        .with(
            new Page.Figures(figures),
            Chart.lines("Loss", "epoch", "cross-entropy", losses).logarithmic().wide(),
            Chart.lines("Accuracy", "epoch", "validation accuracy, %", accuracies));
  }

  /**
   * The network.
   *
   * @param kept share of each hidden layer's outputs that a training step keeps: DL4J's {@code
   *     dropOut} is of a layer's inputs, and 1 is none
   */
  private static MultiLayerConfiguration network(long seed, double kept) {
    return new NeuralNetConfiguration.Builder()
        .seed(seed)
        .updater(new Adam(0.001))
        .activation(Activation.RELU)
        .list()
        .layer(new DenseLayer.Builder().nOut(256).build())
        .layer(new DenseLayer.Builder().nOut(128).dropOut(kept).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .nOut(10)
                .dropOut(kept)
                .build())
        .setInputType(InputType.feedForward(784))
        .build();
  }
}
