package dev.lockstep.ps.schedule;

import dev.lockstep.ps.schedule.Schedule.Clock;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A length of time in a schedule's text: {@code 500steps}, {@code 1epoch}. */
record ScheduleDuration(long count, Clock clock) {

  private static final Pattern TEXT = Pattern.compile("(\\d+)\\s*(steps?|epochs?)");

  /** Reads one; {@code where} begins the message of a refusal. */
  static ScheduleDuration parse(String where, String text) {
    Matcher matcher = TEXT.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches() || matcher.group(1).length() > 15) {
      throw new IllegalArgumentException(
          where + text + " is not a length: give one such as 500steps or 30epochs");
    }
    long count = Long.parseLong(matcher.group(1));
    if (count < 1) {
      throw new IllegalArgumentException(where + text + " < 1: give at least 1");
    }
    return new ScheduleDuration(
        count, matcher.group(2).startsWith("step") ? Clock.ITERATION : Clock.EPOCH);
  }

  /** The length counted by a clock. */
  long ticks(Clock by, RunLength run) {
    if (by == clock) {
      return count;
    }
    if (by == Clock.EPOCH) {
      throw new IllegalArgumentException(
          "schedule length " + this + " cannot be counted by epochs: give epochs, or by=steps");
    }
    return count * run.stepsPerEpoch();
  }

  @Override
  public String toString() {
    return count + (clock == Clock.ITERATION ? "steps" : "epochs");
  }
}
