package dev.lockstep.examples.recurrent;

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
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A recurrent network with and without clipping of the global gradient norm. */
@Command(
    name = "rnn-clipping",
    description = "Trains a recurrent network with the gradient's norm clipped at 1, and without.")
public final class RnnClipping extends Experiment {

  @Option(
      names = "--epochs",
      defaultValue = "10",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(names = "--data", description = "CSV file of days and values to train on as well.")
  private Path file;

  @Override
  protected Page run(Lab lab) throws IOException {
    Page page =
        Page.titled("Gradient clipping in a recurrent network")
            .withLead(
                "One in fifty labels of 2,000 sequences is an outlier, whose gradient is many times"
                    + " as long as others. Clipped at a norm of 1 it moves the parameters no"
                    + " further than they do, and should disturb the network less. Unclipped, Adam"
                    + " also divides the following steps by its size.");
    DataSet wild = Sequences.withWildLabels(2_000, lab.seed());
    page = compared(page, lab, "sequences", lab.dataset("sequences", wild));
    if (file != null) {
      DataSet days = Sequences.ofDailyValues(lab.spark(), Lab.location(file));
      page = compared(page, lab, "daily values", lab.dataset("days", days));
    }
    return page;
  }

  private Page compared(Page page, Lab lab, String what, ShardedDataset data) throws IOException {
    MultiLayerNetwork network = network(lab.seed());
    TrainingConfig clipped =
        config(lab, what + ", clipped").optimization(o -> o.clipNorm(1)).build();
    // An infinite norm measures and never clips.
    TrainingConfig free =
        config(lab, what).optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY)).build();
    TrainingResult with = Lockstep.train(lab.spark(), network, data, clipped);
    TrainingResult without = Lockstep.train(lab.spark(), network, data, free);
    long cut = with.metrics().steps().stream().filter(step -> step.gradientNorm() > 1).count();
    return page.with(
            new Page.Figures(
                Figure.of(what + ": steps clipped", "%d of %d", cut, with.progress().steps()),
                Figure.of("validation loss, clipped", "%.4f", lastLoss(with)),
                Figure.of("not clipped", "%.4f", lastLoss(without))),
            Chart.lines(
                    "What clipping leaves, " + what,
                    "step",
                    "L2 norm of the gradient",
                    Series.ofSteps("gradient", with.metrics(), StepMetrics::gradientNorm),
                    Series.ofSteps(
                        "clipped", with.metrics(), step -> Math.min(step.gradientNorm(), 1)))
                .logarithmic(),
            Chart.lines(
                    "Norm before clipping, " + what,
                    "step",
                    "L2 norm, mean of 20 steps",
                    Series.ofSteps("not clipped", without.metrics(), StepMetrics::gradientNorm)
                        .smoothed(20),
                    Series.ofSteps("clipped", with.metrics(), StepMetrics::gradientNorm)
                        .smoothed(20))
                .logarithmic(),
            Chart.lines(
                "Validation loss, " + what,
                "epoch",
                "mean squared error",
                Series.ofEpochs("not clipped", without.metrics(), EpochMetrics::validationLoss),
                Series.ofEpochs("clipped", with.metrics(), EpochMetrics::validationLoss)))
        .with(PlainDl4j.fit(lab, network, data, free).beside(without));
  }

  private TrainingConfig.Builder config(Lab lab, String name) {
    return lab.newRun(name, 4, 8, epochs).data(d -> d.validationFraction(0.2));
  }

  private static double lastLoss(TrainingResult result) {
    return result.metrics().lastEpoch().validationLoss();
  }

  private static MultiLayerNetwork network(long seed) {
    return Lab.network(
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(new Adam(0.001))
            .list()
            .layer(new LastTimeStep(new SimpleRnn.Builder().nOut(50).build()))
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .nOut(1)
                    .activation(Activation.IDENTITY)
                    .build())
            .setInputType(InputType.recurrent(Sequences.INPUTS, Sequences.STEPS)));
  }
}
