package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often a checkpoint is taken, counted in what every worker counts alike: steps or epochs.
 *
 * @param count at least 1
 * @param unit of the count
 */
public record CheckpointInterval(long count, Unit unit) implements Serializable {

  private static final Pattern TEXT = Pattern.compile("(\\d+)\\s*(steps?|epochs?)");

  /** What is counted. */
  public enum Unit {
    /** Optimizer steps. */
    STEPS,
    /** Passes over the training part. */
    EPOCHS
  }

  /** Checks the count. */
  public CheckpointInterval {
    Objects.requireNonNull(unit, "unit");
    if (count < 1) {
      throw new IllegalArgumentException(
          "checkpointEvery=" + count + " < 1: give a positive number of steps or epochs");
    }
  }

  /**
   * Reads forms such as {@code 100steps} or {@code 1epochs}.
   *
   * @throws IllegalArgumentException for any other form
   */
  @JsonCreator
  public static CheckpointInterval parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "checkpointEvery="
              + text
              + " is not a number of steps or epochs: write 100steps or 1epochs");
    }
    Unit unit = matcher.group(2).startsWith("step") ? Unit.STEPS : Unit.EPOCHS;
    return new CheckpointInterval(Long.parseLong(matcher.group(1)), unit);
  }

  /** The interval in optimizer steps. */
  public long steps(long stepsPerEpoch) {
    return unit == Unit.STEPS ? count : Math.multiplyExact(count, stepsPerEpoch);
  }

  @JsonValue
  @Override
  public String toString() {
    return count + unit.name().toLowerCase(Locale.ROOT);
  }
}
