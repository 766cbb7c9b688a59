package dev.lockstep.trainer.metrics;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether a run diverges, told from the mean training losses of its epochs: a pure function. Lives
 * on the driver.
 *
 * <p>A loss that is no number diverges. So does one that is back at or above that of the first
 * epoch after it had been many times lower, and one that is many times that of the first epoch.
 * Losses that may fall below zero are only asked whether they are numbers.
 */
public final class Divergence {

  /** How many times a loss may rise. */
  private static final double TIMES = 5;

  private static final String REMEDY =
      "lower the learning rate (--optimizer), warm it up, or clip gradients (--clip-norm)";

  private Divergence() {}

  /**
   * What is to be said after the last of these epochs; empty if it does not diverge.
   *
   * @param meanLosses of the run's epochs so far, in order
   */
  public static Optional<String> of(List<Double> meanLosses) {
    if (meanLosses.isEmpty()) {
      return Optional.empty();
    }
    int epoch = meanLosses.size();
    double loss = meanLosses.get(epoch - 1);
    if (!Double.isFinite(loss)) {
      return Optional.of(
          "the run diverges: the training loss of epoch " + epoch + " is " + loss + "; " + REMEDY);
    }
    double first = meanLosses.get(0);
    int lowestEpoch = epoch;
    for (int i = epoch - 1; i >= 1; i--) {
      // A loss that is no number is not lower than any.
      if (meanLosses.get(i - 1) <= meanLosses.get(lowestEpoch - 1)) {
        lowestEpoch = i;
      }
    }
    double lowest = meanLosses.get(lowestEpoch - 1);
    boolean isBackAtTheStart = !(loss < first);
    if (lowest > 0 && isBackAtTheStart && loss > TIMES * lowest) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "the run diverges: the training loss of epoch %d is %.4g, %.1f times the lowest"
                  + " (%.4g in epoch %d); %s",
              epoch,
              loss,
              loss / lowest,
              lowest,
              lowestEpoch,
              REMEDY));
    }
    return Optional.empty();
  }
}
