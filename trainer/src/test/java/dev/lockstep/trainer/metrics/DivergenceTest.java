package dev.lockstep.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DivergenceTest {
  private static final String REMEDY =
      "lower the learning rate (--optimizer), warm it up, or clip gradients (--clip-norm)";

  @Test
  void aLossThatIsNoNumberDiverges() {
    assertEquals(
        "the run diverges: the training loss of epoch 2 is NaN; " + REMEDY,
        Divergence.of(List.of(1.0, Double.NaN)).orElseThrow());
    assertEquals(
        "the run diverges: the training loss of epoch 1 is Infinity; " + REMEDY,
        Divergence.of(List.of(Double.POSITIVE_INFINITY)).orElseThrow());
  }

  @Test
  void aLossManyTimesThatOfTheFirstEpochDiverges() {
    assertEquals(
        "the run diverges: the training loss of epoch 2 is 23.00, 10.0 times the lowest (2.300 in"
            + " epoch 1); "
            + REMEDY,
        Divergence.of(List.of(2.3, 23.0)).orElseThrow());
  }

  @Test
  void aLossThatIsBackWhereItBeganAfterItWasLowDiverges() {
    assertEquals(
        "the run diverges: the training loss of epoch 4 is 2.303, 23.0 times the lowest (0.1000 in"
            + " epoch 3); "
            + REMEDY,
        Divergence.of(List.of(2.0, 0.5, 0.1, 2.303)).orElseThrow());
  }

  @Test
  void noiseIsNoDivergence() {
    assertEquals(Optional.empty(), Divergence.of(List.of()));
    assertEquals(Optional.empty(), Divergence.of(List.of(2.3)));
    assertEquals(Optional.empty(), Divergence.of(List.of(2.3, 2.4, 2.2)));
    assertEquals(Optional.empty(), Divergence.of(List.of(2.3, 1e-6, 1e-3)));
    assertEquals(Optional.empty(), Divergence.of(List.of(-1.0, -20.0, -0.5)));
    assertEquals(Optional.empty(), Divergence.of(List.of(Double.NaN, 2.3, 2.4)));
  }

  @Test
  void agreesWithItsRuleWrittenPlainly() {
    Random random = new Random(3);
    int diverged = 0;
    for (int trial = 0; trial < 2000; trial++) {
      List<Double> losses = new ArrayList<>();
      for (int epochs = 1 + random.nextInt(6); epochs > 0; epochs--) {
        losses.add(Math.exp(random.nextGaussian()));
      }
      double last = losses.get(losses.size() - 1);
      double lowest = losses.stream().mapToDouble(x -> x).min().orElseThrow();
      boolean expected = last >= losses.get(0) && last > 5 * lowest;
      assertEquals(expected, Divergence.of(losses).isPresent(), losses.toString());
      diverged += expected ? 1 : 0;
    }
    assertTrue(diverged > 100, "diverged=" + diverged);
  }
}
