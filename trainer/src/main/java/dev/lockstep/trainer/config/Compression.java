package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Locale;

/**
 * How gradients are made smaller on their way to the parameter servers: part of what determines the
 * model. In text {@code none}, {@code bfloat16}, {@code float16}, {@code top-k=0.01} or {@code
 * threshold=1e-3}. Crosses from driver to executors.
 */
public sealed interface Compression extends Serializable {

  /** Gradients are sent as they are. */
  Compression NONE = new None();

  /** The form that {@link #parse} reads. */
  @JsonValue
  String text();

  /** Gradients are sent in float32. */
  record None() implements Compression {
    @Override
    public String text() {
      return "none";
    }
  }

  /** Every sum is rounded to bfloat16: half the bytes, 8 significant bits, the range of float32. */
  record BFloat16() implements Compression {
    @Override
    public String text() {
      return "bfloat16";
    }
  }

  /**
   * Every sum is rounded to binary16: half the bytes, 11 significant bits; what is less than 3e-8
   * of a mean gradient's unit is lost, what is more than 65,504 of it is cut. Also of changes of
   * running statistics, so features of batch normalisation should not be of such a size.
   */
  record Float16() implements Compression {
    @Override
    public String text() {
      return "float16";
    }
  }

  /**
   * Every virtual worker sends the part of its gradient that is greatest in magnitude, and adds the
   * rest to its next gradient.
   *
   * @param ratio of all elements, in (0, 1]
   */
  record TopK(double ratio) implements Compression {

    /** Checks the ratio. */
    public TopK {
      if (!(ratio > 0 && ratio <= 1)) {
        throw new IllegalArgumentException(
            "compression=top-k="
                + ratio
                + " is not in (0, 1]: give the part to send, top-k=0.01 for one element in a"
                + " hundred");
      }
    }

    @Override
    public String text() {
      return "top-k=" + ratio;
    }
  }

  /**
   * Every virtual worker sends the elements of its gradient that reach a magnitude, and adds the
   * rest to its next gradient.
   *
   * @param magnitude of an element of the mean over a full micro-batch, more than 0
   */
  record Threshold(double magnitude) implements Compression {

    /** Checks the magnitude. */
    public Threshold {
      if (!(magnitude >= Float.MIN_NORMAL && magnitude <= Short.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "compression=threshold="
                + magnitude
                + " is not in [1.2e-38, 32767]: give the least magnitude of a mean gradient's"
                + " element to send, such as threshold=1e-3");
      }
    }

    @Override
    public String text() {
      return "threshold=" + magnitude;
    }
  }

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException for any other form
   */
  @JsonCreator
  static Compression parse(String text) {
    String given = text.strip().toLowerCase(Locale.ROOT);
    int equals = given.indexOf('=');
    String name = equals < 0 ? given : given.substring(0, equals);
    try {
      if (equals >= 0) {
        double value = Double.parseDouble(given.substring(equals + 1));
        if (name.equals("top-k")) {
          return new TopK(value);
        }
        if (name.equals("threshold")) {
          return new Threshold(value);
        }
      }
    } catch (NumberFormatException e) {
      throw unknown(text, e);
    }
    return switch (given) {
      case "none" -> NONE;
      case "bfloat16" -> new BFloat16();
      case "float16" -> new Float16();
      default -> throw unknown(text, null);
    };
  }

  private static IllegalArgumentException unknown(String text, NumberFormatException cause) {
    return new IllegalArgumentException(
        "compression="
            + text
            + " is unknown: give none, bfloat16, float16, top-k=RATIO or threshold=MAGNITUDE",
        cause);
  }
}
