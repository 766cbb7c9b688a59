package dev.lockstep.trainer.report.page;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A chart of one or more series over a common x axis. Immutable: what changes one returns another.
 *
 * @param title above it
 * @param kind how points are drawn where their series does not say
 * @param xLabel what x is, with its unit
 * @param yAxis what y is, and how much of it is shown
 * @param width of its card
 * @param series at least one
 */
public record Chart(
    String title, Kind kind, String xLabel, Axis yAxis, Width width, List<Series> series)
    implements Page.Section {

  /**
   * A vertical axis.
   *
   * @param label what it shows, with its unit
   * @param scale how it is divided
   * @param range part that is shown; empty for all that there is
   */
  public record Axis(String label, Scale scale, @JsonIgnore Optional<Range> range) {

    /** Requires all of them. */
    public Axis {
      Objects.requireNonNull(label, "label");
      Objects.requireNonNull(scale, "scale");
      Objects.requireNonNull(range, "range");
    }

    /** The range as JSON, which has none for an empty one. */
    @JsonProperty("limits")
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    List<Double> limits() {
      return range.map(shown -> List.of(shown.from(), shown.to())).orElse(List.of());
    }
  }

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
    Objects.requireNonNull(yAxis, "yAxis");
    Objects.requireNonNull(width, "width");
    series = List.copyOf(series);
    if (series.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": series=0: give at least one");
    }
    double from = yAxis.range().map(Range::from).orElse(Double.MIN_VALUE);
    if (yAxis.scale() == Scale.LOGARITHMIC && from <= 0) {
      throw new IllegalArgumentException(
          "chart %s: y range from=%s on a logarithmic axis: give a value > 0"
              .formatted(title, from));
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
    Axis yAxis = new Axis(yLabel, Scale.LINEAR, Optional.empty());
    return new Chart(title, kind, xLabel, yAxis, Width.HALF, series);
  }

  /** The same chart over a logarithmic y axis: values of 0 and below are not shown. */
  public Chart logarithmic() {
    return withYAxis(new Axis(yAxis.label(), Scale.LOGARITHMIC, yAxis.range()));
  }

  /**
   * The same chart with this part of the y axis only; values outside are cut off.
   *
   * @throws IllegalArgumentException unless {@code from < to}, and {@code from > 0} on a
   *     logarithmic axis
   */
  public Chart withYRange(double from, double to) {
    Range range = new Range(from, to);
    return withYAxis(new Axis(yAxis.label(), yAxis.scale(), Optional.of(range)));
  }

  private Chart withYAxis(Axis axis) {
    return new Chart(title, kind, xLabel, axis, width, series);
  }

  /** The same chart across the whole page. */
  public Chart wide() {
    return new Chart(title, kind, xLabel, yAxis, Width.FULL, series);
  }
}
