package dev.lockstep.examples.plane;

import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.examples.lab.PlainDl4j;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.ScheduleText;
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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A learning rate that decays against one that stays, and what other schedules look like. */
@Command(
    name = "schedules",
    description = "Fits a noisy z = x² + 2y² with and without decay, and draws the schedules.")
public final class Schedules extends Experiment {

  private static final double RATE = 0.1;

  @Option(
      names = "--epochs",
      defaultValue = "100",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    ShardedDataset data = Paraboloid.points(lab, 0.3);
    MultiLayerNetwork network = Paraboloid.network(new Sgd(RATE), lab.seed());
    TrainingConfig constant = config(lab, "constant").build();
    TrainingConfig decay =
        config(lab, "decay")
            .optimization(
                o -> o.optimizer(o.optimizer().withLearningRateSchedule("exponential(0.99)")))
            .build();
    TrainingResult stays = Lockstep.train(lab.spark(), network, data, constant);
    TrainingResult decays = Lockstep.train(lab.spark(), network, data, decay);

    // The same decay as DL4J writes it, in the model.
    Sgd sgd = new Sgd(new ExponentialSchedule(ScheduleType.EPOCH, RATE, 0.99));
    PlainDl4j plain = PlainDl4j.fit(lab, Paraboloid.network(sgd, lab.seed()), data, decay);

    return Page.titled("A learning rate that decays")
        .withLead(
            "1,000 points of z = x² + 2y² with noise of 0.3, 700 of them to train on, SGD at 0.1."
                + " Both curves come down to the noise, 0.09; as the rate decays by 1 % an epoch,"
                + " the steps that follow the noise of each batch get smaller.")
        .with(
            new Page.Figures(
                Figure.of("test loss, constant", "%.4f", lastTest(stays)),
                Figure.of("test loss, decay", "%.4f", lastTest(decays))),
            Chart.lines(
                    "Test",
                    "epoch",
                    "mean squared error",
                    Series.ofEpochs("constant", stays.metrics(), EpochMetrics::validationLoss),
                    Series.ofEpochs("decay", decays.metrics(), EpochMetrics::validationLoss))
                .logarithmic(),
            Chart.lines(
                "Learning rate of the two",
                "step",
                "learning rate",
                Series.ofSteps("constant", stays.metrics(), StepMetrics::learningRate),
                Series.ofSteps("decay", decays.metrics(), StepMetrics::learningRate)))
        .with(plain.beside(decays))
        .with(Chart.lines("Schedules", "epoch", "learning rate", curves()).wide());
  }

  /** Batches of 32: four virtual workers of eight. */
  private TrainingConfig.Builder config(Lab lab, String name) {
    return lab.newRun(name, 4, 8, epochs).data(d -> d.validationFraction(0.3));
  }

  private static double lastTest(TrainingResult result) {
    return result.metrics().lastEpoch().validationLoss();
  }

  /** What {@code --lr-schedule} can say, and a function of one's own as DL4J's table. */
  private List<Series> curves() {
    RunLength run = new RunLength(0, 0, 1, epochs);
    List<Series> curves = new ArrayList<>();
    for (String text :
        List.of(
            "step(30epochs, gamma=0.5)",
            "exponential(0.97)",
            "cosine(" + epochs + "epochs)",
            "linear(10epochs, from=0.1) > cosine")) {
      curves.add(curve(text, ScheduleText.parse(text).schedule(RATE, run)));
    }
    SortedMap<Integer, Double> table = new TreeMap<>();
    IntStream.range(0, epochs).forEach(t -> table.put(t, RATE / Math.sqrt(1 + t)));
    curves.add(
        curve("lambda: 0.1 / √(1 + epoch)", new Dl4jSchedule.Table(Schedule.Clock.EPOCH, table)));
    return curves;
  }

  private Series curve(String name, Schedule schedule) {
    double[] times = IntStream.range(0, epochs).asDoubleStream().toArray();
    double[] rates = IntStream.range(0, epochs).mapToDouble(t -> schedule.at(t, t)).toArray();
    return Series.of(name, times, rates).withStyle(Series.Style.LINE);
  }
}
