package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often a checkpoint is taken: counted in what every worker counts alike, or by the driver's
 * clock, which then tells all workers the step.
 *
 * @param count at least 1
 * @param unit of the count
 */
public record CheckpointInterval(long count, Unit unit) implements Serializable {

  private static final Pattern TEXT =
      Pattern.compile("(\\d+)\\s*(steps?|epochs?|minutes?|seconds?)");

  /** What is counted. */
  public enum Unit {
    /** Optimizer steps. */
    STEPS,
    /** Passes over the training part. */
    EPOCHS,
    /** Minutes of the driver's clock: the steps differ from attempt to attempt. */
    MINUTES,
    /** Seconds of the same. */
    SECONDS;

    private static Unit of(String word) {
      return Arrays.stream(values())
          .filter(unit -> unit.name().startsWith(word.substring(0, 2).toUpperCase(Locale.ROOT)))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Checks the count. */
  public CheckpointInterval {
    Objects.requireNonNull(unit, "unit");
    if (count < 1) {
      throw new IllegalArgumentException(
          "checkpointEvery=" + count + " < 1: give a positive number of steps, epochs or minutes");
    }
  }

  /**
   * Reads forms such as {@code 100steps}, {@code 1epochs} or {@code 10minutes}.
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
              + " is not a number of steps, epochs or minutes: write 100steps, 1epochs or"
              + " 10minutes");
    }
    return new CheckpointInterval(Long.parseLong(matcher.group(1)), Unit.of(matcher.group(2)));
  }

  /** The interval in optimizer steps; 0 if it is not counted in steps. */
  public long steps(long stepsPerEpoch) {
    return switch (unit) {
      case STEPS -> count;
      case EPOCHS -> Math.multiplyExact(count, stepsPerEpoch);
      case MINUTES, SECONDS -> 0;
    };
  }

  /** The interval in time; empty if it is counted in steps. */
  public Optional<Duration> time() {
    return switch (unit) {
      case MINUTES -> Optional.of(Duration.ofMinutes(count));
      case SECONDS -> Optional.of(Duration.ofSeconds(count));
      case STEPS, EPOCHS -> Optional.empty();
    };
  }

  @JsonValue
  @Override
  public String toString() {
    return count + unit.name().toLowerCase(Locale.ROOT);
  }
}
