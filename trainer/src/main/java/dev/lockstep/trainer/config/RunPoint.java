package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A point of a run: after so many steps or epochs.
 *
 * @param count at least 1
 * @param unit of the count
 */
public record RunPoint(long count, CheckpointInterval.Unit unit) implements Serializable {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,18})\\s*(steps?|epochs?)?");

  /** Checks the count. */
  public RunPoint {
    Objects.requireNonNull(unit, "unit");
    if (unit != CheckpointInterval.Unit.STEPS && unit != CheckpointInterval.Unit.EPOCHS) {
      throw new IllegalArgumentException(
          "point=" + count + " of " + unit + ": give a number of steps or epochs");
    }
    if (count < 1) {
      throw new IllegalArgumentException(
          "point=" + count + " < 1: give a positive number of steps or epochs");
    }
  }

  /**
   * Reads forms such as {@code 100}, {@code 100steps} or {@code 2epochs}.
   *
   * @throws IllegalArgumentException for any other form
   */
  @JsonCreator
  public static RunPoint parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "point=" + text + " is not a number of steps or epochs: write 100steps or 2epochs");
    }
    boolean inEpochs = matcher.group(2) != null && matcher.group(2).startsWith("epoch");
    return new RunPoint(
        Long.parseLong(matcher.group(1)),
        inEpochs ? CheckpointInterval.Unit.EPOCHS : CheckpointInterval.Unit.STEPS);
  }

  /** The point in steps. */
  public long steps(long stepsPerEpoch) {
    return unit == CheckpointInterval.Unit.STEPS ? count : Math.multiplyExact(count, stepsPerEpoch);
  }

  @JsonValue
  @Override
  public String toString() {
    return count + unit.name().toLowerCase(Locale.ROOT);
  }
}
