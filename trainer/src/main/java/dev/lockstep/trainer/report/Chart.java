package dev.lockstep.trainer.report;

import java.util.List;
import java.util.Objects;

/**
 * A chart of one or more series over a common x axis.
 *
 * @param title above it
 * @param kind how points are drawn
 * @param xLabel what x is, with its unit
 * @param yLabel what y is, with its unit
 * @param scale of the y axis
 * @param series at least one
 */
public record Chart(
    String title, Kind kind, String xLabel, String yLabel, Scale scale, List<Series> series)
    implements Page.Section {

  /** How points are drawn. */
  public enum Kind {
    /** Joined by straight lines. */
    LINE,
    /** As dots. */
    SCATTER,
    /** As bars: one group for each x, one bar in it for each series. */
    BAR
  }

  /** How an axis is divided. */
  public enum Scale {
    /** Evenly. */
    LINEAR,
    /** By powers of ten; only values above 0 show. */
    LOGARITHMIC
  }

  /** Checks that there is something to draw. */
  public Chart {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(scale, "scale");
    series = List.copyOf(series);
    if (series.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": series=0: give at least one");
    }
  }
}
