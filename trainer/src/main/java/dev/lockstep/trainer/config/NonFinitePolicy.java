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
 * @param servers what the parameter servers do with the step
 * @param factor what the learning rate is multiplied by after the run has gone back to the last
 *     multiple of the checkpoint interval before the step, in (0, 1); 1 where it does not go back
 */
public record NonFinitePolicy(OnNonFinite servers, double factor) implements Serializable {

  /** The run ends with an error. */
  public static final NonFinitePolicy STOP = new NonFinitePolicy(OnNonFinite.STOP, 1);

  /** The step is taken without changing parameters. */
  public static final NonFinitePolicy SKIP = new NonFinitePolicy(OnNonFinite.SKIP, 1);

  private static final String FORMS = "write stop, skip, or lower:0.5";

  /** Checks the factor. */
  public NonFinitePolicy {
    Objects.requireNonNull(servers, "servers");
    if (servers == OnNonFinite.SKIP && factor != 1) {
      throw new IllegalArgumentException(
          "onNonFinite=skip has no factor (" + factor + "): " + FORMS);
    }
  }

  /**
   * Goes back and lowers the learning rate.
   *
   * @throws IllegalArgumentException if the factor is not in (0, 1)
   */
  public static NonFinitePolicy lower(double factor) {
    if (!(factor > 0 && factor < 1)) {
      throw new IllegalArgumentException(
          "onNonFinite=lower:"
              + factor
              + " must have a factor in (0, 1), which the learning rate is multiplied by: "
              + FORMS);
    }
    return new NonFinitePolicy(OnNonFinite.STOP, factor);
  }

  /** Whether the run goes back and continues at a lower learning rate. */
  public boolean lowers() {
    return factor < 1;
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

  /** The text that {@link #parse} reads back. */
  @JsonValue
  @Override
  public String toString() {
    return lowers() ? "lower:" + factor : servers.name().toLowerCase(Locale.ROOT);
  }
}
