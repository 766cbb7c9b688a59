package dev.lockstep.ps.schedule;

import dev.lockstep.ps.schedule.Plateau.Metric;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Ends a run when a validation metric has stopped getting better, as the callbacks of this name of
 * Keras and PyTorch Lightning do: an epoch is an improvement if its metric is better than the best
 * before it by more than {@code minDelta}, and the run ends after {@code patience} epochs in a row
 * that are none. Pure: decided anew from the metrics of all epochs, so a resumed run decides as an
 * uninterrupted one. Immutable; crosses from driver to executors.
 *
 * @param metric what is watched
 * @param patience epochs in a row without improvement after which the run ends, at least 1
 * @param minDelta how much better than the best an improvement must be, at least 0
 * @param after epochs before which the run does not end, at least 0
 */
public record EarlyStopping(Metric metric, int patience, double minDelta, int after)
    implements Serializable {

  private static final String SETTINGS = "patience, min-delta or after";
  private static final int PATIENCE = 3;

  /** Checks the ranges. */
  public EarlyStopping {
    Objects.requireNonNull(metric, "metric");
    if (patience < 1) {
      throw new IllegalArgumentException(
          "early stopping patience="
              + patience
              + " must be >= 1: the epochs without improvement after which the run ends");
    }
    if (!(minDelta >= 0) || Double.isInfinite(minDelta)) {
      throw new IllegalArgumentException(
          "early stopping min-delta=" + minDelta + " must be finite and >= 0");
    }
    if (after < 0) {
      throw new IllegalArgumentException("early stopping after=" + after + " must be >= 0");
    }
  }

  /**
   * Reads a form such as {@code loss}, {@code loss:patience=3,min-delta=0.001} or {@code
   * accuracy:patience=5,after=10}; patience is 3 unless it is named, the others 0.
   *
   * @throws IllegalArgumentException naming the value and the remedy
   */
  public static EarlyStopping parse(String text) {
    int colon = text.indexOf(':');
    String metric = (colon < 0 ? text : text.substring(0, colon)).strip();
    SettingsText settings =
        SettingsText.parse("early stopping", colon < 0 ? "" : text.substring(colon + 1), SETTINGS);
    return new EarlyStopping(
        SettingsText.word("early stopping", "metric", metric, Metric.class, Metric.NAMES),
        settings.whole("patience", PATIENCE),
        settings.number("min-delta", 0),
        settings.whole("after", 0));
  }

  /**
   * Why the run ends after these epochs, in words; empty if it continues.
   *
   * @param values of the metric after each epoch of the run so far, in order; NaN is never better
   */
  public Optional<String> reasonToStop(List<Double> values) {
    double best = metric.worst();
    int bestEpoch = 0;
    for (int i = 0; i < values.size(); i++) {
      if (isBetter(values.get(i), best)) {
        best = values.get(i);
        bestEpoch = i + 1;
      }
    }
    int waited = values.size() - bestEpoch;
    if (waited < patience || values.size() < Math.max(1, after)) {
      return Optional.empty();
    }
    String name = "validation " + name();
    if (bestEpoch == 0) {
      return Optional.of(name + " was never a number in " + waited + " epochs");
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%s has not got better%s for %d epoch%s: %s after epoch %d, the best %s after epoch %d",
            name,
            minDelta > 0 ? " by more than " + minDelta : "",
            waited,
            waited == 1 ? "" : "s",
            values.get(values.size() - 1),
            values.size(),
            best,
            bestEpoch));
  }

  private boolean isBetter(double value, double best) {
    return metric == Metric.LOSS ? value < best - minDelta : value > best + minDelta;
  }

  private String name() {
    return metric.name().toLowerCase(Locale.ROOT);
  }

  /** The canonical text, which {@link #parse} reads back. */
  @Override
  public String toString() {
    return name() + ":patience=" + patience + ",min-delta=" + minDelta + ",after=" + after;
  }
}
