package dev.lockstep.examples.linear;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.examples.lab.TestLab;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.GlobalBatches;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AdaGrad;

class AdaGradDescentTest {

  private static final int EPOCHS = 10;
  private static final String LARGE = "AdaGrad(0.5)";

  @TempDir private Path folder;

  @Test
  void adaGradIsTheOneOfTheFormulaAndItsStepsShrink() throws IOException {
    Page page = TestLab.run(new AdaGradDescent(), folder, "--epochs=" + EPOCHS);

    double[] losses = lossesInFloat64(0.01);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      double loss = TestLab.points(page, "Loss", "AdaGrad(0.01)").get(epoch).y();
      assertEquals(losses[epoch], loss, 1e-4 * losses[epoch], "epoch " + epoch);
    }
    assertTrue(TestLab.figure(page, "relative difference of θ to plain DL4J") <= 1e-5);

    double slow = TestLab.last(page, "Loss", "AdaGrad(0.01)");
    double fast = TestLab.last(page, "Loss", LARGE);
    assertTrue(slow > 3 * fast && slow > 3 * TestLab.last(page, "Loss", "SGD(0.01)"));

    List<Point> rates = TestLab.points(page, "What a unit of gradient moves", LARGE);
    for (int i = 1; i < rates.size(); i++) {
      assertTrue(rates.get(i).y() <= rates.get(i - 1).y(), "step " + i);
    }
  }

  /**
   * Mean loss of each epoch, each batch's taken before its step, on the batches of the training.
   */
  private double[] lossesInFloat64(double rate) throws IOException {
    Path shards = folder.resolve("adagrad-linear/data/points");
    ShardedDataset data =
        ShardedDatasets.open(shards.toUri().toString(), TestLab.spark().hadoopConfiguration());
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.seed(42).epochs(EPOCHS))
            .mode(m -> m.virtualWorkers(2))
            .data(d -> d.batchSize(5))
            .output(o -> o.folder(folder.resolve("unused").toUri().toString()))
            .build();
    MultiLayerNetwork start = Line.network(42, new AdaGrad(rate), 0, 0);
    double w = start.params().getDouble(0);
    double b = start.params().getDouble(1);
    // DL4J's history begins at 1e-6, and its epsilon is as large.
    double historyOfW = 1e-6;
    double historyOfB = 1e-6;
    double[] losses = new double[EPOCHS];
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      try (GlobalBatches batches =
          Lockstep.globalBatches(TestLab.spark(), InitialModel.of(start), data, config, epoch)) {
        while (batches.hasNext()) {
          DataSet batch = batches.next();
          double[] x = batch.getFeatures().toDoubleVector();
          double[] y = batch.getLabels().toDoubleVector();
          double slopeOfW = 0;
          double slopeOfB = 0;
          for (int i = 0; i < x.length; i++) {
            double error = w * x[i] + b - y[i];
            losses[epoch] += error * error / 100;
            slopeOfW += 2 * error * x[i] / x.length;
            slopeOfB += 2 * error / x.length;
          }
          historyOfW += slopeOfW * slopeOfW;
          historyOfB += slopeOfB * slopeOfB;
          w -= rate * slopeOfW / (Math.sqrt(historyOfW) + 1e-6);
          b -= rate * slopeOfB / (Math.sqrt(historyOfB) + 1e-6);
        }
      }
    }
    return losses;
  }
}
