package dev.lockstep.examples.descent;

import java.util.stream.DoubleStream;
import picocli.CommandLine.Option;

/** Options of every walk, and how much of the ground around one is shown. */
final class Walk {

  @Option(
      names = "--steps",
      defaultValue = "60",
      paramLabel = "N",
      description = "Steps to take (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--optimizer",
      defaultValue = "SGD",
      paramLabel = "NAME",
      description = "One of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Method method;

  int steps() {
    return steps;
  }

  Method method() {
    return method;
  }

  /**
   * How far to look from the lowest place: a little farther than the path goes, but where a descent
   * leaves all bounds no farther than axes can show.
   *
   * @param distances of the path's points, not all of which need be finite
   */
  static double view(DoubleStream distances) {
    double farthest = distances.filter(Double::isFinite).max().orElse(0);
    return Math.max(1, Math.min(1.1 * farthest, 1e6));
  }
}
