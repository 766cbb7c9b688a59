package dev.lockstep.deploy.faults;

import java.util.Locale;

/**
 * One JVM struck once. Written by a test, read by the JVMs of its cluster.
 *
 * @param point moment at which it is struck
 * @param step first step of the run at which it may be
 * @param blow what strikes it
 */
public record Fault(FaultPoint point, long step, Blow blow) {

  /** A fault that kills. */
  public static Fault kill(FaultPoint point, long step) {
    return new Fault(point, step, Blow.KILL);
  }

  /** The fault of a line that {@link #toString} gave. */
  static Fault parse(String line) {
    String[] words = line.strip().split(" ", -1);
    return new Fault(
        FaultPoint.valueOf(words[1]), Long.parseLong(words[2]), Blow.valueOf(words[0]));
  }

  /** Whether it strikes at a moment. */
  boolean isDue(FaultPoint reached, long reachedStep) {
    return point == reached && reachedStep >= step;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s %s %d", blow, point, step);
  }
}
