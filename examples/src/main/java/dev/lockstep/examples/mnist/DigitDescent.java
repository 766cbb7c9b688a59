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
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A network that reads digits, by gradient descent on all images, 64 or one a step. */
public class DigitDescent extends Experiment {

  /** {@code mnist-batch}. */
  @Command(
      name = "mnist-batch",
      description = "Learns to read digits by batch gradient descent: all images make one step.")
  public static final class Batch extends DigitDescent {
    Batch() {
      super(ImagesPerStep.BATCH);
    }
  }

  /** {@code mnist-minibatch}. */
  @Command(
      name = "mnist-minibatch",
      description = "Learns to read digits by mini-batches: 64 images make a step.")
  public static final class MiniBatch extends DigitDescent {
    MiniBatch() {
      super(ImagesPerStep.MINI_BATCH);
    }
  }

  /** {@code mnist-sgd}. */
  @Command(
      name = "mnist-sgd",
      description =
          "Learns to read digits by stochastic gradient descent: every image makes a step.")
  public static final class Stochastic extends DigitDescent {
    Stochastic() {
      super(ImagesPerStep.STOCHASTIC);
    }
  }

  private final ImagesPerStep shown;

  @Mixin private DigitImages images = new DigitImages(4_000);

  @Option(names = "--times", defaultValue = "1", description = "Factor on the number of epochs.")
  private int times;

  private DigitDescent(ImagesPerStep shown) {
    this.shown = shown;
  }

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = images.open(lab);
    MultiLayerNetwork network =
        Lab.network(
            new NeuralNetConfiguration.Builder()
                .seed(lab.seed())
                .updater(new Sgd(0.01))
                .list()
                .layer(
                    new DenseLayer.Builder().nIn(784).nOut(128).activation(Activation.RELU).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nIn(128)
                        .nOut(10)
                        .build()));

    Page page =
        Page.titled("Reading digits by " + shown.text() + " gradient descent")
            .withLead(
                "A 784-128-10 network learns from "
                    + images.describe(data)
                    + "; a fifth is kept for validation. All three ways take steps of 0.01 times"
                    + " the mean gradient. An epoch of batch descent is one step, of mini-batches a"
                    + " step every 64 images, of stochastic descent a step an image: for the same"
                    + " epochs the smaller batch should be far ahead, and jumps about.");
    List<Series> steps = new ArrayList<>();
    List<Series> losses = new ArrayList<>();
    List<Series> accuracies = new ArrayList<>();
    for (ImagesPerStep each : ImagesPerStep.values()) {
      TrainingConfig config = each.run(lab, data.manifest().examples(), times);
      TrainingResult result = Lockstep.train(lab.spark(), network, data, config);
      steps.add(Series.ofSteps(each.text(), result.metrics(), StepMetrics::meanLoss));
      losses.add(Series.ofEpochs(each.text(), result.metrics(), EpochMetrics::meanLoss));
      accuracies.add(
          Series.ofEpochs(each.text(), result.metrics(), e -> 100 * e.validationAccuracy()));
      if (each == shown) {
        page = page.with(figures(result), DigitImages.answers(lab, result, data, config));
        page = page.with(PlainDl4j.fit(lab, network, data, config).beside(result));
      }
    }
    return page.with(
        Chart.lines("Accuracy", "epoch", "validation accuracy, %", accuracies),
        Chart.lines("Loss by epochs", "epoch", "cross-entropy, training", losses).logarithmic(),
        Chart.lines("Loss by steps", "step", "cross-entropy, training", steps).logarithmic());
  }

  private static Page.Section figures(TrainingResult result) {
    EpochMetrics last = result.metrics().lastEpoch();
    return new Page.Figures(
        Figure.of("validation accuracy", "%.2f %%", 100 * last.validationAccuracy()),
        Figure.of("epochs", "%d", last.epoch()),
        Figure.of("steps", "%,d", result.progress().steps()),
        Figure.of("images a second", "%,.0f", result.progress().examplesPerSecond()));
  }
}
