package dev.lockstep.trainer.config;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as options and configuration files write them: {@code 500ms}, {@code 90s}, {@code 5m}.
 */
public final class DurationText {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h)");

  private DurationText() {}

  /**
   * Reads a whole number of milliseconds, seconds, minutes or hours.
   *
   * @throws IllegalArgumentException for any other form
   */
  public static Duration parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "duration="
              + text
              + " is not a number with a unit: write one such as 500ms, 90s, 5m or 1h");
    }
    long count = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      default -> Duration.ofHours(count);
    };
  }

  /** The form that {@link #parse} reads back, in the largest unit that divides the duration. */
  public static String of(Duration value) {
    long millis = value.toMillis();
    if (millis % 3_600_000 == 0) {
      return millis / 3_600_000 + "h";
    }
    if (millis % 60_000 == 0) {
      return millis / 60_000 + "m";
    }
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }
}
