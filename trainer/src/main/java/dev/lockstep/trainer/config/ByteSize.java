package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of memory, written {@code 256MiB} or {@code 2GiB}.
 *
 * @param bytes a positive multiple of 1,024
 */
public record ByteSize(long bytes) implements Serializable {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})\\s*(k|m|g)(i?b)?");
  private static final String UNITS = "kmg";

  /** Checks the amount. */
  public ByteSize {
    if (bytes < 1 || bytes % 1024 != 0) {
      throw new IllegalArgumentException(
          "size=" + bytes + " bytes is not a positive multiple of 1024: give one such as 256MiB");
    }
  }

  /** So many times 2<sup>20</sup> bytes. */
  public static ByteSize mebibytes(long count) {
    return new ByteSize(Math.multiplyExact(count, 1L << 20));
  }

  /**
   * Reads a whole number of KiB, MiB or GiB.
   *
   * @throws IllegalArgumentException for any other form
   */
  @JsonCreator
  public static ByteSize parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "size=" + text + " is not a number with a unit: write one such as 256MiB or 2GiB");
    }
    int power = 1 + UNITS.indexOf(matcher.group(2));
    return new ByteSize(Long.parseLong(matcher.group(1)) << (10 * power));
  }

  /** The form that {@link #parse} reads back, in the largest unit that divides the amount. */
  @JsonValue
  @Override
  public String toString() {
    int power = Math.min(3, Long.numberOfTrailingZeros(bytes) / 10);
    return (bytes >> (10 * power))
        + UNITS.substring(power - 1, power).toUpperCase(Locale.ROOT)
        + "iB";
  }
}
