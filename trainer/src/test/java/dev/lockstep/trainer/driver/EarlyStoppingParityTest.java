package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.ps.schedule.Plateau.Metric;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.earlystopping.termination.ScoreImprovementEpochTerminationCondition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run ends after the epoch after which DL4J's own condition of early stopping ends one. */
class EarlyStoppingParityTest {

  private static final int SEQUENCES = 500;
  private static final int EPOCHS = 40;

  @ParameterizedTest
  @EnumSource(Metric.class)
  void endsAfterTheSameEpoch(Metric metric) {
    Set<Integer> lengths = new HashSet<>();
    for (int seed = 0; seed < SEQUENCES; seed++) {
      Random random = new Random(seed);
      int patience = 1 + random.nextInt(4);
      double minDelta = random.nextBoolean() ? 0 : 0.05 * random.nextDouble();
      EarlyStopping ours = new EarlyStopping(metric, patience, minDelta, 0);
      ScoreImprovementEpochTerminationCondition dl4js =
          new ScoreImprovementEpochTerminationCondition(patience, minDelta);
      dl4js.initialize();
      List<Double> values = new ArrayList<>();
      double level = 1;
      boolean ends = false;
      while (!ends && values.size() < EPOCHS) {
        level *= metric == Metric.LOSS ? 0.97 : 1.03;
        values.add(level + 0.1 * random.nextGaussian());
        ends = ours.reasonToStop(values).isPresent();
        assertEquals(
            dl4js.terminate(
                values.size() - 1, values.get(values.size() - 1), metric == Metric.LOSS),
            ends,
            "seed " + seed + ": " + ours + " of " + values);
      }
      lengths.add(values.size());
    }
    assertTrue(lengths.size() > 10, "ends after " + lengths);
  }
}
