package dev.lockstep.deploy.faults;

import java.util.Locale;

/**
 * One fault of one JVM. Written by a test, read by the JVMs of its cluster.
 *
 * @param point moment at which it is injected
 * @param step first step of the run at which it may be injected
 * @param action what happens to the JVM
 */
public record Fault(FaultPoint point, long step, FaultAction action) {

  /** A fault that kills. */
  public static Fault kill(FaultPoint point, long step) {
    return new Fault(point, step, FaultAction.KILL);
  }

  /** The fault of a line that {@link #toString} gave. */
  static Fault parse(String line) {
    String[] words = line.strip().split(" ", -1);
    return new Fault(
        FaultPoint.valueOf(words[1]), Long.parseLong(words[2]), FaultAction.valueOf(words[0]));
  }

  /** Whether it is due at a moment. */
  boolean isDue(FaultPoint reached, long reachedStep) {
    return point == reached && reachedStep >= step;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s %s %d", action, point, step);
  }
}
