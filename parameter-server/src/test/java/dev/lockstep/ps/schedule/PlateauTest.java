package dev.lockstep.ps.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.schedule.Plateau.Metric;
import dev.lockstep.ps.schedule.Plateau.ThresholdMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlateauTest {

  @Test
  void reducesAfterMoreBadEpochsThanItsPatience() {
    Plateau plateau = Plateau.parse("factor=0.1,patience=2");
    List<Double> losses = List.of(1.0, 0.9, 0.9, 0.95, 0.9, 0.9, 0.9, 0.9, 0.5);
    double[] expected = {1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1 * 0.1, 0.1 * 0.1};
    for (int epoch = 0; epoch < losses.size(); epoch++) {
      assertEquals(expected[epoch], plateau.rateScale(losses.subList(0, epoch + 1)), 1e-15);
    }
  }

  @Test
  void countsNoBadEpochWhileItCoolsDown() {
    Plateau plateau = Plateau.parse("factor=0.5,patience=0,cooldown=2");
    List<Double> losses = List.of(1.0, 1.0, 1.0, 1.0, 1.0);
    double[] expected = {1, 0.5, 0.5, 0.5, 0.25};
    for (int epoch = 0; epoch < losses.size(); epoch++) {
      assertEquals(expected[epoch], plateau.rateScale(losses.subList(0, epoch + 1)));
    }
  }

  @Test
  void agreesWithTheUpdateRuleOfPyTorch() {
    Random random = new Random(7);
    for (Metric metric : Metric.values()) {
      for (ThresholdMode mode : ThresholdMode.values()) {
        for (int trial = 0; trial < 50; trial++) {
          Plateau plateau =
              new Plateau(
                  metric,
                  0.1 + 0.8 * random.nextDouble(),
                  random.nextInt(4),
                  random.nextInt(2) * 0.1 * random.nextDouble(),
                  mode,
                  random.nextInt(3),
                  1e-3);
          TranscribedPyTorch reference = new TranscribedPyTorch(plateau, 0.1);
          List<Double> metrics = new ArrayList<>();
          for (int epoch = 0; epoch < 60; epoch++) {
            double value =
                epoch % 17 == 5 ? Double.NaN : 1 + 0.3 * random.nextDouble() - 0.005 * epoch;
            metrics.add(value);
            reference.step(value);
            assertEquals(
                reference.rate,
                0.1 * plateau.rateScale(metrics),
                1e-12 * reference.rate,
                plateau + " epoch " + epoch);
          }
        }
      }
    }
  }

  /**
   * The state that PyTorch 1.13's ReduceLROnPlateau documents, on a rate in place of a scale, with
   * eps = 0: {@code best}, {@code num_bad_epochs}, {@code cooldown_counter}.
   */
  private static final class TranscribedPyTorch {
    private final Plateau settings;
    private final double leastRate;
    private double rate;
    private Double best;
    private int numBadEpochs;
    private int cooldownCounter;

    TranscribedPyTorch(Plateau settings, double rate) {
      this.settings = settings;
      this.rate = rate;
      this.leastRate = rate * settings.minScale();
    }

    void step(double value) {
      boolean better = best == null ? !Double.isNaN(value) : isBetter(value);
      if (better) {
        best = value;
      }
      numBadEpochs = better ? 0 : numBadEpochs + 1;
      if (cooldownCounter > 0) {
        cooldownCounter--;
        numBadEpochs = 0;
      }
      if (numBadEpochs > settings.patience()) {
        rate = Math.max(rate * settings.factor(), leastRate);
        cooldownCounter = settings.cooldown();
        numBadEpochs = 0;
      }
    }

    private boolean isBetter(double value) {
      double threshold = settings.threshold();
      boolean lowerIsBetter = settings.metric() == Metric.LOSS;
      if (settings.thresholdMode() == ThresholdMode.REL) {
        return lowerIsBetter ? value < best * (1 - threshold) : value > best * (threshold + 1);
      }
      return lowerIsBetter ? value < best - threshold : value > best + threshold;
    }
  }

  @Test
  void textAndSerializationRoundTrip() throws Exception {
    for (String text :
        List.of(
            "",
            "factor=0.5, patience=3",
            "metric=accuracy,threshold=0.01,threshold-mode=abs,cooldown=2,min-scale=1e-3")) {
      Plateau plateau = Plateau.parse(text);
      assertEquals(plateau, Plateau.parse(plateau.toString()));
      assertEquals(plateau, Serialized.copy(plateau));
    }
    assertEquals(Plateau.DEFAULT, Plateau.parse(""));
  }

  @Test
  void refusesWhatHasNoMeaning() {
    assertEquals(
        "plateau factor=1.5 must be in (0, 1): give one such as 0.1", refusal("factor=1.5"));
    assertEquals("plateau patience=-1 must be >= 0", refusal("patience=-1"));
    assertEquals("plateau patience=soon is not a number: give one", refusal("patience=soon"));
    assertEquals("plateau min-scale=0.0 must be in (0, 1)", refusal("min-scale=0"));
    assertEquals("plateau metric=f1 is not known: give loss or accuracy", refusal("metric=f1"));
    assertEquals(
        "plateau threshold-mode=x is not known: give rel or abs", refusal("threshold-mode=x"));
    assertEquals(
        "plateau has no mode: give metric, factor, patience, threshold, threshold-mode, cooldown or"
            + " min-scale",
        refusal("mode=min"));
    assertEquals(
        "plateau on is not name=value: give metric, factor, patience, threshold, threshold-mode,"
            + " cooldown or min-scale",
        refusal("on"));
  }

  private static String refusal(String text) {
    return assertThrows(IllegalArgumentException.class, () -> Plateau.parse(text)).getMessage();
  }
}
