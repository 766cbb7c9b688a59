package dev.lockstep.examples.lab;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.GlobalBatches;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The same network trained by DL4J's own {@code fit} on the same batches in the same order, in this
 * process, for comparison with Lockstep.
 *
 * @param network trained
 * @param losses mean loss over each epoch's examples, each taken before its batch's step, with the
 *     model's regularization terms
 */
@SuppressWarnings("ArrayRecordComponent") // points of a curve
public record PlainDl4j(MultiLayerNetwork network, double[] losses) {

  /**
   * Trains a copy of a network.
   *
   * @param start initialized; not changed
   * @param config of the training to compare with
   */
  public static PlainDl4j fit(
      Lab lab, MultiLayerNetwork start, ShardedDataset data, TrainingConfig config) {
    MultiLayerNetwork network = start.clone();
    InitialModel model = InitialModel.of(network);
    List<Double> losses = new ArrayList<>();
    for (int epoch = 0; epoch < config.optimization().epochs(); epoch++) {
      double sum = 0;
      long examples = 0;
      try (GlobalBatches batches =
          Lockstep.globalBatches(lab.spark(), model, data, config, epoch)) {
        while (batches.hasNext()) {
          DataSet batch = batches.next();
          network.fit(batch);
          sum += network.score() * batch.numExamples();
          examples += batch.numExamples();
        }
      }
      network.incrementEpochCount();
      losses.add(sum / examples);
    }
    return new PlainDl4j(network, losses.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Its loss by epochs, dashed, so that it is visible on top of another curve. */
  public Series curve(String name) {
    double[] epochs = IntStream.rangeClosed(1, losses.length).asDoubleStream().toArray();
    return Series.of(name, epochs, losses).withStyle(Series.Style.DASHED);
  }

  /** A chart of both losses, which should coincide, and the difference of the parameters. */
  public Page.Section[] beside(TrainingResult result) {
    Series ours = Series.ofEpochs("Lockstep", result.metrics(), EpochMetrics::meanLoss);
    return new Page.Section[] {
      Chart.lines("Lockstep and plain DL4J", "epoch", "loss", ours, curve("plain DL4J"))
          .logarithmic(),
      new Page.Figures(new Figure("relative difference of θ to plain DL4J", differenceText(result)))
    };
  }

  /** {@link #difference} as text. */
  public String differenceText(TrainingResult result) {
    double difference = difference(result);
    return difference == 0 ? "0" : Page.text("%.1e", difference);
  }

  /** ‖θ − θ of DL4J‖ / ‖θ of DL4J‖. */
  public double difference(TrainingResult result) {
    INDArray theirs = network.params();
    INDArray ours = Nd4j.create(result.parameters()).reshape(theirs.shape());
    return ours.distance2(theirs) / theirs.norm2Number().doubleValue();
  }
}
