package dev.lockstep.examples.mnist;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
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
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The same network with and without batch normalization before its hidden activations. */
@Command(
    name = "mnist-batchnorm",
    description = "Learns to read digits with and without batch normalization.")
public final class NormalizedLayers extends Experiment {

  @Mixin private DigitImages images = new DigitImages(5_000);

  @Option(
      names = "--epochs",
      defaultValue = "6",
      paramLabel = "N",
      description = "Passes over the images (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = images.open(lab);
    Map<String, MultiLayerConfiguration> networks =
        Map.of("with batch normalization", normalized(lab.seed()), "without", plain(lab.seed()));
    List<Series> steps = new ArrayList<>();
    List<Series> losses = new ArrayList<>();
    List<Series> accuracies = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (String name : List.of("without", "with batch normalization")) {
      TrainingConfig config =
          lab.newRun(name, 4, 16, epochs).data(d -> d.validationFraction(0.2)).build();
      TrainingResult result = Lockstep.train(lab.spark(), networks.get(name), data, config);
      steps.add(Series.ofSteps(name, result.metrics(), StepMetrics::meanLoss).smoothed(10));
      losses.add(Series.ofEpochs(name, result.metrics(), EpochMetrics::validationLoss));
      accuracies.add(Series.ofEpochs(name, result.metrics(), e -> 100 * e.validationAccuracy()));
      EpochMetrics last = result.metrics().lastEpoch();
      figures.add(
          Figure.of("validation accuracy " + name, "%.2f %%", 100 * last.validationAccuracy()));
    }
    return Page.titled("Batch normalization")
        .withLead(
            "A 784-256-128-10 network learns from "
                + images.describe(data)
                + "; a fifth is kept for validation. Adam, rate 0.001, 64 images a step. With batch"
                + " normalization before each ReLU the training loss should fall faster. Its"
                + " statistics are those of each virtual worker's 16 images, not of all 64: this is"
                + " where training on several virtual workers differs from plain DL4J, by nature.")
        .with(
            new Page.Figures(figures),
            Chart.lines("Loss by steps", "step", "cross-entropy, training, mean of 10 steps", steps)
                .logarithmic()
                .wide(),
            Chart.lines("Loss by epochs", "epoch", "cross-entropy, validation", losses),
            Chart.lines("Accuracy", "epoch", "validation accuracy, %", accuracies));
  }

  private static MultiLayerConfiguration plain(long seed) {
    return layers(seed)
        .layer(new DenseLayer.Builder().nOut(256).activation(Activation.RELU).build())
        .layer(new DenseLayer.Builder().nOut(128).activation(Activation.RELU).build())
        .layer(output())
        .setInputType(InputType.feedForward(784))
        .build();
  }

  private static MultiLayerConfiguration normalized(long seed) {
    return layers(seed)
        .layer(new DenseLayer.Builder().nOut(256).activation(Activation.IDENTITY).build())
        .layer(new BatchNormalization())
        .layer(new ActivationLayer(Activation.RELU))
        .layer(new DenseLayer.Builder().nOut(128).activation(Activation.IDENTITY).build())
        .layer(new BatchNormalization())
        .layer(new ActivationLayer(Activation.RELU))
        .layer(output())
        .setInputType(InputType.feedForward(784))
        .build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nOut(10)
        .build();
  }

  private static ListBuilder layers(long seed) {
    return new NeuralNetConfiguration.Builder().seed(seed).updater(new Adam(0.001)).list();
  }
}
