package dev.lockstep.ps.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.schedule.Plateau.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EarlyStoppingTest {

  private static int stopsAfter(String text, Double... values) {
    EarlyStopping stopping = EarlyStopping.parse(text);
    for (int epochs = 1; epochs <= values.length; epochs++) {
      if (stopping.reasonToStop(List.of(values).subList(0, epochs)).isPresent()) {
        return epochs;
      }
    }
    return 0;
  }

  @Test
  void endsAfterAsManyEpochsWithoutImprovementAsItsPatience() {
    assertEquals(0, stopsAfter("loss:patience=2", 1.0, 0.9, 0.8, 0.7));
    assertEquals(5, stopsAfter("loss:patience=2", 1.0, 0.9, 0.8, 0.8, 0.81, 0.1));
    assertEquals(0, stopsAfter("loss:patience=2", 1.0, 1.1, 0.9, 1.0, 0.8, 0.9));
    assertEquals(2, stopsAfter("accuracy:patience=1", 0.5, 0.5));
    assertEquals(4, stopsAfter("loss", 1.0, 1.0, 1.0, 1.0));
  }

  @Test
  void aSmallStepIsNoImprovementAndDoesNotMoveTheBest() {
    // Slowly better by 0.06 in each epoch: every second one beats the best by more than 0.1.
    assertEquals(0, stopsAfter("loss:patience=2,min-delta=0.1", 1.0, 0.94, 0.88, 0.82, 0.76));
    assertEquals(2, stopsAfter("loss:patience=1,min-delta=0.1", 1.0, 0.94));
    assertEquals(2, stopsAfter("accuracy:patience=1,min-delta=0.25", 0.5, 0.75));
  }

  @Test
  void doesNotEndBeforeTheEpochsThatItIsTold() {
    assertEquals(4, stopsAfter("loss:patience=1,after=4", 1.0, 2.0, 3.0, 4.0));
    assertEquals(0, stopsAfter("loss:patience=1,after=4", 1.0, 2.0, 3.0, 0.5));
  }

  @Test
  void whatIsNoNumberIsNoImprovement() {
    assertEquals(3, stopsAfter("loss:patience=2", 1.0, Double.NaN, Double.NaN));
    assertEquals(2, stopsAfter("loss:patience=2", Double.NaN, Double.NaN));
  }

  @Test
  void saysWhy() {
    assertEquals(
        "validation loss has not got better by more than 0.01 for 2 epochs: 0.695 after epoch 3,"
            + " the best 0.7 after epoch 1",
        EarlyStopping.parse("loss:patience=2,min-delta=0.01")
            .reasonToStop(List.of(0.7, 0.8, 0.695))
            .orElseThrow());
    assertEquals(
        "validation accuracy was never a number in 1 epochs",
        EarlyStopping.parse("accuracy:patience=1").reasonToStop(List.of(Double.NaN)).orElseThrow());
    assertEquals(Optional.empty(), EarlyStopping.parse("loss").reasonToStop(List.of()));
  }

  @Test
  void agreesWithTheCounterOfKeras() {
    Random random = new Random(11);
    int stopped = 0;
    for (int trial = 0; trial < 400; trial++) {
      EarlyStopping stopping =
          new EarlyStopping(
              trial % 2 == 0 ? Metric.LOSS : Metric.ACCURACY,
              1 + random.nextInt(5),
              random.nextInt(2) * 0.05 * random.nextDouble(),
              random.nextInt(2) * random.nextInt(15));
      TranscribedKeras reference = new TranscribedKeras(stopping);
      List<Double> values = new ArrayList<>();
      double trend = (trial % 3 - 1) * 0.1;
      for (int epoch = 0; epoch < 30; epoch++) {
        values.add(epoch % 13 == 4 ? Double.NaN : 1 + 0.3 * random.nextDouble() + trend * epoch);
        boolean stops = reference.epochEnds(epoch, values.get(epoch));
        assertEquals(stops, stopping.reasonToStop(values).isPresent(), stopping + " " + values);
        if (stops) {
          stopped++;
          break;
        }
      }
    }
    assertTrue(stopped > 100 && stopped < 400, "stopped=" + stopped);
  }

  /** The state that Keras documents, {@code wait} and {@code best}, and an earliest epoch. */
  private static final class TranscribedKeras {
    private final EarlyStopping settings;
    private int wait;
    private Double best;

    TranscribedKeras(EarlyStopping settings) {
      this.settings = settings;
    }

    boolean epochEnds(int epoch, double current) {
      wait++;
      boolean isFirst = best == null && !Double.isNaN(current);
      if (isFirst || (best != null && improves(current))) {
        best = current;
        wait = 0;
      }
      return wait >= settings.patience() && epoch + 1 >= settings.after();
    }

    private boolean improves(double current) {
      return settings.metric() == Metric.LOSS
          ? current < best - settings.minDelta()
          : current > best + settings.minDelta();
    }
  }

  @Test
  void textAndSerializationRoundTrip() throws Exception {
    for (String text : List.of("loss", "accuracy : patience=5", "loss:min-delta=1e-3, after=9")) {
      EarlyStopping stopping = EarlyStopping.parse(text);
      assertEquals(stopping, EarlyStopping.parse(stopping.toString()));
      assertEquals(stopping, Serialized.copy(stopping));
    }
  }

  @Test
  void refusesWhatHasNoMeaning() {
    assertEquals(
        "early stopping metric=f1 is not known: give loss or accuracy", refusal("f1:patience=3"));
    assertEquals(
        "early stopping patience=0 must be >= 1: the epochs without improvement after which the run"
            + " ends",
        refusal("loss:patience=0"));
    assertEquals(
        "early stopping patience=soon is not a number: give one", refusal("loss:patience=soon"));
    assertEquals(
        "early stopping min-delta=-0.1 must be finite and >= 0", refusal("loss:min-delta=-0.1"));
    assertEquals("early stopping after=-1 must be >= 0", refusal("loss:after=-1"));
    assertEquals(
        "early stopping has no delta: give patience, min-delta or after", refusal("loss:delta=1"));
    assertEquals(
        "early stopping 3 is not name=value: give patience, min-delta or after", refusal("loss:3"));
  }

  private static String refusal(String text) {
    return assertThrows(IllegalArgumentException.class, () -> EarlyStopping.parse(text))
        .getMessage();
  }
}
