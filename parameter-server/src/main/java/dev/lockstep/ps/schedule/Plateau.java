package dev.lockstep.ps.schedule;

import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Reduces the learning rate when a validation metric has stopped getting better, as PyTorch's
 * {@code ReduceLROnPlateau} does. Pure: the scale is computed anew from the metrics of all epochs,
 * so a resumed run finds what an uninterrupted one has. Immutable; crosses from driver to
 * executors.
 *
 * @param metric what is watched
 * @param factor what the scale is multiplied by, in (0, 1)
 * @param patience epochs in a row without improvement that are let pass, at least 0
 * @param threshold how much better a metric must be to count as an improvement, at least 0
 * @param thresholdMode how the threshold is meant
 * @param cooldown epochs after a reduction in which none is counted as bad, at least 0
 * @param minScale below which the scale does not fall, in (0, 1)
 */
public record Plateau(
    Metric metric,
    double factor,
    int patience,
    double threshold,
    ThresholdMode thresholdMode,
    int cooldown,
    double minScale)
    implements Serializable {

  /** PyTorch's defaults; its {@code eps} of 1e-8 stands as the smallest scale. */
  public static final Plateau DEFAULT =
      new Plateau(Metric.LOSS, 0.1, 10, 1e-4, ThresholdMode.REL, 0, 1e-8);

  private static final String NAMES =
      "metric, factor, patience, threshold, threshold-mode, cooldown or min-scale";

  /** What is watched. */
  public enum Metric {
    /** The validation loss: lower is better, PyTorch's mode {@code min}. */
    LOSS,
    /** The validation accuracy: higher is better, PyTorch's mode {@code max}. */
    ACCURACY;

    static final String NAMES = "loss or accuracy";

    /** Worse than any value. */
    double worst() {
      return this == LOSS ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
    }
  }

  /** How a threshold is meant. */
  public enum ThresholdMode {
    /** As a part of the best metric. */
    REL,
    /** As a difference. */
    ABS
  }

  /** Checks the ranges. */
  public Plateau {
    Objects.requireNonNull(metric, "metric");
    Objects.requireNonNull(thresholdMode, "thresholdMode");
    require(factor > 0 && factor < 1, "factor", factor, "in (0, 1): give one such as 0.1");
    require(patience >= 0, "patience", patience, ">= 0");
    require(threshold >= 0 && threshold < 1e300, "threshold", threshold, "finite and >= 0");
    if (thresholdMode == ThresholdMode.REL) {
      require(threshold < 1, "threshold", threshold, "below 1: it is a part of the best metric");
    }
    require(cooldown >= 0, "cooldown", cooldown, ">= 0");
    require(minScale > 0 && minScale < 1, "min-scale", minScale, "in (0, 1)");
  }

  private static void require(boolean holds, String name, Number value, String range) {
    if (!holds) {
      throw new IllegalArgumentException("plateau " + name + "=" + value + " must be " + range);
    }
  }

  /**
   * What the learning rate is multiplied by after these epochs.
   *
   * @param metrics of all epochs of the run so far, in order; NaN is never better
   */
  public double rateScale(List<Double> metrics) {
    double scale = 1;
    double best = metric.worst();
    int bad = 0;
    int cooling = 0;
    for (double value : metrics) {
      if (isBetter(value, best)) {
        best = value;
        bad = 0;
      } else {
        bad++;
      }
      if (cooling > 0) {
        cooling--;
        bad = 0;
      }
      if (bad > patience) {
        scale = Math.max(scale * factor, minScale);
        cooling = cooldown;
        bad = 0;
      }
    }
    return scale;
  }

  private boolean isBetter(double value, double best) {
    double margin = thresholdMode == ThresholdMode.ABS ? threshold : 0;
    double part = thresholdMode == ThresholdMode.REL ? threshold : 0;
    return metric == Metric.LOSS
        ? value < best * (1 - part) - margin
        : value > best * (1 + part) + margin;
  }

  /**
   * Reads a form such as {@code factor=0.1,patience=3}; what is not named has its default.
   *
   * @throws IllegalArgumentException naming the value and the remedy
   */
  public static Plateau parse(String text) {
    SettingsText settings = SettingsText.parse("plateau", text, NAMES);
    return new Plateau(
        settings.word("metric", DEFAULT.metric, Metric.NAMES),
        settings.number("factor", DEFAULT.factor),
        settings.whole("patience", DEFAULT.patience),
        settings.number("threshold", DEFAULT.threshold),
        settings.word("threshold-mode", DEFAULT.thresholdMode, "rel or abs"),
        settings.whole("cooldown", DEFAULT.cooldown),
        settings.number("min-scale", DEFAULT.minScale));
  }

  /** The canonical text, which {@link #parse} reads back. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "metric=%s,factor=%s,patience=%d,threshold=%s,threshold-mode=%s,cooldown=%d,min-scale=%s",
        metric.name().toLowerCase(Locale.ROOT),
        factor,
        patience,
        threshold,
        thresholdMode.name().toLowerCase(Locale.ROOT),
        cooldown,
        minScale);
  }
}
