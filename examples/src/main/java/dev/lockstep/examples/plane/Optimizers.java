package dev.lockstep.examples.plane;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Six optimizers on one network, one dataset and one learning rate. */
@Command(
    name = "optimizers",
    description = "Fits z = x² + 2y² with six optimizers at one learning rate.")
public final class Optimizers extends Experiment {

  @Option(
      names = "--epochs",
      defaultValue = "50",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Option(
      names = "--learning-rate",
      defaultValue = "0.01",
      description = "Of all six (default: ${DEFAULT-VALUE}).")
  private double rate;

  @Override
  protected Page run(Lab lab) throws IOException {
    Map<String, IUpdater> updaters = new LinkedHashMap<>();
    updaters.put("SGD", new Sgd(rate));
    updaters.put("Nesterov momentum 0.8", new Nesterovs(rate, 0.8));
    updaters.put("AdaGrad", new AdaGrad(rate));
    updaters.put("RMSprop", new RmsProp(rate));
    updaters.put("Adam", new Adam(rate));

    ShardedDataset data = Paraboloid.points(lab, 0.1);
    List<Series> training = new ArrayList<>();
    List<Series> test = new ArrayList<>();
    List<Series> beside = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, IUpdater> each : updaters.entrySet()) {
      MultiLayerNetwork network = Paraboloid.network(each.getValue(), lab.seed());
      TrainingConfig config = config(lab, each.getKey()).build();
      TrainingResult result = Lockstep.train(lab.spark(), network, data, config);
      PlainDl4j plain = PlainDl4j.fit(lab, network, data, config);
      training.add(Series.ofEpochs(each.getKey(), result.metrics(), EpochMetrics::meanLoss));
      test.add(Series.ofEpochs(each.getKey(), result.metrics(), EpochMetrics::validationLoss));
      beside.add(Series.ofEpochs(each.getKey(), result.metrics(), EpochMetrics::meanLoss));
      beside.add(plain.curve(each.getKey() + " of DL4J"));
      rows.add(row(each.getKey(), result, plain.differenceText(result)));
    }
    // DL4J's AdaDelta has no learning rate; Lockstep's own has, as PyTorch's.
    TrainingResult adaDelta =
        Lockstep.train(
            lab.spark(),
            Paraboloid.network(new Sgd(rate), lab.seed()),
            data,
            config(lab, "AdaDelta")
                .optimization(
                    o -> o.optimizer(o.optimizer().withOptimizer("adadelta(lr=" + rate + ")")))
                .build());
    training.add(Series.ofEpochs("AdaDelta", adaDelta.metrics(), EpochMetrics::meanLoss));
    test.add(Series.ofEpochs("AdaDelta", adaDelta.metrics(), EpochMetrics::validationLoss));
    rows.add(row("AdaDelta", adaDelta, "no learning rate in DL4J"));

    return Page.titled("Six optimizers at one learning rate")
        .withLead(
            "1,000 points of z = x² + 2y² with noise of 0.1, 800 of them to train on. At a rate of"
                + " 0.01 SGD is slow and momentum faster; those that scale each parameter's step by"
                + " the size of its gradients (RMSprop, Adam) should come closest to the noise,"
                + " 0.01; AdaGrad's steps shrink on the way; AdaDelta, which expects a rate of 1,"
                + " hardly moves.")
        .with(
            Chart.lines("Training", "epoch", "mean squared error", training).logarithmic(),
            Chart.lines("Test", "epoch", "mean squared error", test).logarithmic(),
            Chart.lines("Lockstep and plain DL4J", "epoch", "training loss", beside)
                .logarithmic()
                .wide(),
            new Page.Table(
                "After the last epoch",
                List.of("optimizer", "training loss", "test loss", "‖θ − θ of plain DL4J‖ / ‖θ‖"),
                rows));
  }

  /** Batches of 32: four virtual workers of eight. */
  private TrainingConfig.Builder config(Lab lab, String name) {
    return lab.newRun(name, 4, 8, epochs).data(d -> d.validationFraction(0.2));
  }

  private static List<String> row(String name, TrainingResult result, String difference) {
    EpochMetrics last = result.metrics().lastEpoch();
    return List.of(
        name,
        Page.text("%.4f", last.meanLoss()),
        Page.text("%.4f", last.validationLoss()),
        difference);
  }
}
