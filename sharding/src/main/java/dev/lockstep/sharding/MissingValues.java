package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * What becomes of a row with a missing value: an empty text, or null. Labels and weights must not
 * miss whatever this says. Crosses from driver to executors.
 *
 * @param policy what is done
 * @param value for {@link Policy#VALUE}
 */
public record MissingValues(Policy policy, double value) implements Serializable {

  /** What is done. */
  public enum Policy {
    /** It is bad data. */
    FAIL,
    /** The row is left out and counted. */
    SKIP,
    /** The mean of the column's training split takes its place; for categories, one of its own. */
    MEAN,
    /** A given number takes its place; for categories, one of its own. */
    VALUE
  }

  /** A missing value is bad data. */
  public static final MissingValues FAIL = new MissingValues(Policy.FAIL, 0);

  /** Checks the number. */
  public MissingValues {
    Objects.requireNonNull(policy, "policy");
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("missing=" + value + " is not a finite number");
    }
  }

  /**
   * Reads {@code fail}, {@code skip}, {@code mean} or a number.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static MissingValues parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "fail" -> FAIL;
      case "skip" -> new MissingValues(Policy.SKIP, 0);
      case "mean" -> new MissingValues(Policy.MEAN, 0);
      default -> {
        try {
          yield new MissingValues(Policy.VALUE, Double.parseDouble(text));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "missing=" + text + " is none of fail, skip, mean and a number", e);
        }
      }
    };
  }

  /** Whether a number takes the place of a missing one. */
  public boolean fills() {
    return policy == Policy.MEAN || policy == Policy.VALUE;
  }
}
