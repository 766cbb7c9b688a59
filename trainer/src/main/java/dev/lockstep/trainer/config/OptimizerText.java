package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.ps.schedule.CallText;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * An optimizer as a user writes it, in an option or a configuration file: {@code adamw(lr=1e-3,
 * weight-decay=0.05)}. {@link CallText} has the grammar; the first argument is {@code lr}.
 *
 * @param name which optimizer
 * @param values what was given, by the names of {@link OptimizerName#settings()}; a switch is 1 or
 *     0
 */
public record OptimizerText(OptimizerName name, NavigableMap<String, Double> values)
    implements Serializable {

  /** Checks the names and copies the map. */
  public OptimizerText {
    values = Collections.unmodifiableNavigableMap(new TreeMap<>(values));
    for (String setting : values.keySet()) {
      if (!name.settings().contains(setting)) {
        throw new IllegalArgumentException(hasNo(name, setting));
      }
    }
  }

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException naming what is wrong and the remedy
   */
  @JsonCreator
  public static OptimizerText parse(String text) {
    CallText call = CallText.parse("optimizer", text);
    OptimizerName name = OptimizerName.parse(call.name());
    NavigableMap<String, Double> values = new TreeMap<>();
    for (CallText.Argument argument : call.arguments()) {
      String setting = argument.name() == null ? name.settings().get(0) : argument.name();
      if (!name.settings().contains(setting)) {
        throw new IllegalArgumentException(hasNo(name, setting));
      }
      if (values.put(setting, value(name, setting, argument.value())) != null) {
        throw new IllegalArgumentException(
            where(name) + setting + " is given twice: name each argument once, as name=value");
      }
    }
    return new OptimizerText(name, values);
  }

  private static double value(OptimizerName name, String setting, String value) {
    String named = where(name) + setting + "=";
    if (!OptimizerName.SWITCHES.contains(setting)) {
      return CallText.number(named, value);
    }
    return switch (value) {
      case "true" -> 1;
      case "false" -> 0;
      default ->
          throw new IllegalArgumentException(
              named + value + " is neither true nor false: give one of them");
    };
  }

  private static String where(OptimizerName name) {
    return "optimizer " + name.text() + ": ";
  }

  private static String hasNo(OptimizerName name, String setting) {
    List<String> having = OptimizerName.having(setting);
    return where(name)
        + "it has no "
        + setting
        + ": give "
        + String.join(", ", name.settings())
        + (having.isEmpty() ? "" : ", or use " + String.join(", ", having));
  }

  /** The canonical text, which {@link #parse} reads back. */
  @JsonValue
  @Override
  public String toString() {
    return new CallText(
            name.text(),
            name.settings().stream()
                .filter(values::containsKey)
                .map(setting -> new CallText.Argument(setting, text(setting)))
                .toList())
        .toString();
  }

  private String text(String setting) {
    double value = values.get(setting);
    return OptimizerName.SWITCHES.contains(setting)
        ? Boolean.toString(value == 1)
        : CallText.text(value);
  }
}
