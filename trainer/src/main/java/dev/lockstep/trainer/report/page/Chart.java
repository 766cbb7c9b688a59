package dev.lockstep.trainer.report.page;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A chart of one or more series over a common x axis. Immutable: what changes one returns another.
 *
 * @param title above it
 * @param kind how points are drawn where their series does not say
 * @param xLabel what x is, with its unit
 * @param yLabel what y is, with its unit
 * @param scale of the y axis
 * @param yRange part of the y axis that is shown; empty for all that there is
 * @param width of its card
 * @param series at least one
 */
public record Chart(
    String title,
    Kind kind,
    String xLabel,
    String yLabel,
    Scale scale,
    Optional<Range> yRange,
    Width width,
    List<Series> series)
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

  /** How much of the page's width a card takes, on a screen that has room for two beside. */
  public enum Width {
    /** Half. */
    HALF,
    /** All of it. */
    FULL
  }

  /** Checks that there is something to draw, and that it can be. */
  public Chart {
    Objects.requireNonNull(title, "title");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(xLabel, "xLabel");
    Objects.requireNonNull(yLabel, "yLabel");
    Objects.requireNonNull(scale, "scale");
    Objects.requireNonNull(yRange, "yRange");
    Objects.requireNonNull(width, "width");
    series = List.copyOf(series);
    if (series.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": series=0: give at least one");
    }
    if (scale == Scale.LOGARITHMIC && yRange.isPresent() && yRange.get().from() <= 0) {
      throw new IllegalArgumentException(
          "chart %s: y range from=%s on a logarithmic axis: give a value > 0"
              .formatted(title, yRange.get().from()));
    }
    for (Series one : series) {
      if (kind == Kind.BAR && one.style() != Series.Style.AUTOMATIC) {
        throw new IllegalArgumentException(
            "chart %s: series %s: style=%s among bars: leave it AUTOMATIC"
                .formatted(title, one.name(), one.style()));
      }
    }
  }

  /** Series joined by lines, over a linear y axis. */
  public static Chart lines(String title, String xLabel, String yLabel, Series... series) {
    return lines(title, xLabel, yLabel, List.of(series));
  }

  /** Series joined by lines, over a linear y axis. */
  public static Chart lines(String title, String xLabel, String yLabel, List<Series> series) {
    return linear(title, Kind.LINE, xLabel, yLabel, series);
  }

  /** Series of dots, over a linear y axis. */
  public static Chart scatter(String title, String xLabel, String yLabel, Series... series) {
    return linear(title, Kind.SCATTER, xLabel, yLabel, List.of(series));
  }

  /** Series of bars, over a linear y axis. */
  public static Chart bars(String title, String xLabel, String yLabel, Series... series) {
    return linear(title, Kind.BAR, xLabel, yLabel, List.of(series));
  }

  private static Chart linear(
      String title, Kind kind, String xLabel, String yLabel, List<Series> series) {
    return new Chart(
        title, kind, xLabel, yLabel, Scale.LINEAR, Optional.empty(), Width.HALF, series);
  }

  /** The same chart over a logarithmic y axis: values of 0 and below do not show. */
  public Chart logarithmic() {
    return new Chart(title, kind, xLabel, yLabel, Scale.LOGARITHMIC, yRange, width, series);
  }

  /**
   * The same chart with this part of the y axis only; what lies outside is cut off.
   *
   * @throws IllegalArgumentException unless {@code from < to}, and {@code from > 0} on a
   *     logarithmic axis
   */
  public Chart withYRange(double from, double to) {
    return new Chart(
        title, kind, xLabel, yLabel, scale, Optional.of(new Range(from, to)), width, series);
  }

  /** The same chart across the whole page. */
  public Chart wide() {
    return new Chart(title, kind, xLabel, yLabel, scale, yRange, Width.FULL, series);
  }
}
