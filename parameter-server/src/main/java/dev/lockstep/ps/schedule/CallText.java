package dev.lockstep.ps.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * A name with arguments as a user writes it: {@code cosine(90epochs, to=1e-5)}, {@code
 * adamw(lr=1e-3)}. The grammar that schedules and optimizers share:
 *
 * <pre>
 *   call     := name [ "(" argument { "," argument } ")" ]
 *   argument := [ name "=" ] value                 the first parameter needs no name
 * </pre>
 */
public record CallText(String name, List<Argument> arguments) {

  /**
   * An argument.
   *
   * @param name null where only a value is written
   */
  public record Argument(String name, String value) {}

  /** Copies the list. */
  public CallText {
    arguments = List.copyOf(arguments);
  }

  /**
   * Reads a text.
   *
   * @param what begins the message of a refusal, such as {@code schedule}
   * @throws IllegalArgumentException naming what is wrong and the remedy
   */
  public static CallText parse(String what, String text) {
    int open = text.indexOf('(');
    if (open < 0) {
      return new CallText(text.strip(), List.of());
    }
    String call = text.strip();
    if (!call.endsWith(")") || call.indexOf(')') != call.length() - 1) {
      throw new IllegalArgumentException(
          what + " \"" + call + "\" is not of the form name(argument, ...): end it with one )");
    }
    open = call.indexOf('(');
    List<Argument> arguments = new ArrayList<>();
    String inside = call.substring(open + 1, call.length() - 1);
    for (String argument : inside.isBlank() ? new String[0] : inside.split(",", -1)) {
      int equals = argument.indexOf('=');
      arguments.add(
          new Argument(
              equals < 0 ? null : argument.substring(0, equals).strip(),
              argument.substring(equals + 1).strip()));
    }
    return new CallText(call.substring(0, open).strip(), arguments);
  }

  /**
   * Reads a finite number.
   *
   * @param named begins the message of a refusal, such as {@code schedule step: gamma=}
   * @throws IllegalArgumentException if it is none
   */
  public static double number(String named, String value) {
    try {
      double number = Double.parseDouble(value);
      if (Double.isFinite(number) && Character.isDigit(value.charAt(value.length() - 1))) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(notNumber(named, value), e);
    }
    throw new IllegalArgumentException(notNumber(named, value));
  }

  /** The canonical text of a finite number, such as {@code 0.5} and {@code 1e-5}. */
  public static String text(double number) {
    String text = Double.toString(number).replace(".0E", "e").replace("E", "e");
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  private static String notNumber(String named, String value) {
    return named + value + " is not a number: give one such as 0.1 or 1e-5";
  }

  /** The text, which {@link #parse} reads back. */
  @Override
  public String toString() {
    List<String> texts =
        arguments.stream()
            .map(each -> each.name() == null ? each.value() : each.name() + "=" + each.value())
            .toList();
    return name + (texts.isEmpty() ? "" : "(" + String.join(", ", texts) + ")");
  }
}
