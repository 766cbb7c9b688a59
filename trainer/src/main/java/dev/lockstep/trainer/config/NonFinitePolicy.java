package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.ps.protocol.OnNonFinite;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * What becomes of a run when a gradient has a NaN or an infinity. Immutable; crosses from driver to
 * executors, and through JSON as its text.
 *
 * @param answer what is done
 * @param factor what the learning rate is multiplied by where that is lowered, in (0, 1); else 1
 */
public record NonFinitePolicy(Answer answer, double factor) implements Serializable {

  /** What is done. */
  public enum Answer {
    /** The run ends with an error. */
    STOP,
    /** The step is taken without changing parameters. */
    SKIP,
    /**
     * The run goes back to the last multiple of the checkpoint interval before the step, and goes
     * on from there at a lower learning rate.
     */
    LOWER
  }

  /** The run ends. */
  public static final NonFinitePolicy STOP = new NonFinitePolicy(Answer.STOP, 1);

  /** The step is skipped. */
  public static final NonFinitePolicy SKIP = new NonFinitePolicy(Answer.SKIP, 1);

  private static final String FORMS = "write stop, skip, or lower:0.5";

  /** Checks the factor. */
  public NonFinitePolicy {
    Objects.requireNonNull(answer, "answer");
    if (answer == Answer.LOWER && !(factor > 0 && factor < 1)) {
      throw new IllegalArgumentException(
          "onNonFinite=lower:"
              + factor
              + " must have a factor in (0, 1), which the learning rate is multiplied by: "
              + FORMS);
    }
    if (answer != Answer.LOWER && factor != 1) {
      throw new IllegalArgumentException(
          "onNonFinite=" + answer + " has no factor (" + factor + "): " + FORMS);
    }
  }

  /** Goes back and lowers the learning rate. */
  public static NonFinitePolicy lower(double factor) {
    return new NonFinitePolicy(Answer.LOWER, factor);
  }

  /**
   * Reads {@code stop}, {@code skip} or {@code lower:0.5}.
   *
   * @throws IllegalArgumentException for any other form
   */
  @JsonCreator
  public static NonFinitePolicy parse(String text) {
    String form = text.strip().toLowerCase(Locale.ROOT);
    if (form.startsWith("lower:")) {
      try {
        return lower(Double.parseDouble(form.substring("lower:".length())));
      } catch (NumberFormatException e) {
        throw unknown(text);
      }
    }
    return switch (form) {
      case "stop" -> STOP;
      case "skip" -> SKIP;
      default -> throw unknown(text);
    };
  }

  private static IllegalArgumentException unknown(String text) {
    return new IllegalArgumentException("onNonFinite=" + text + " is not known: " + FORMS);
  }

  /** What the parameter servers do: to go back is the driver's business. */
  public OnNonFinite ofServers() {
    return answer == Answer.SKIP ? OnNonFinite.SKIP : OnNonFinite.STOP;
  }

  /** The text that {@link #parse} reads back. */
  @JsonValue
  @Override
  public String toString() {
    String name = answer.name().toLowerCase(Locale.ROOT);
    return answer == Answer.LOWER ? name + ":" + factor : name;
  }
}
