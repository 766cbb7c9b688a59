package dev.lockstep.ps.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Settings as a user writes them: {@code name=value,name=value}. What is not named has its default.
 * Lives on the driver.
 */
final class SettingsText {
  private final String what;
  private final Map<String, String> values = new LinkedHashMap<>();

  private SettingsText(String what) {
    this.what = what;
  }

  /**
   * Reads a text.
   *
   * @param what the settings are of, for messages
   * @param names that there are, as a message lists them: {@code a, b or c}
   * @throws IllegalArgumentException naming what is wrong and the remedy
   */
  static SettingsText parse(String what, String text, String names) {
    SettingsText settings = new SettingsText(what);
    for (String setting : text.isBlank() ? new String[0] : text.split(",", -1)) {
      int equals = setting.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException(
            what + " " + setting.strip() + " is not name=value: give " + names);
      }
      String name = setting.substring(0, equals).strip();
      if (!List.of(names.split(", | or ")).contains(name)) {
        throw new IllegalArgumentException(what + " has no " + name + ": give " + names);
      }
      settings.values.put(name, setting.substring(equals + 1).strip());
    }
    return settings;
  }

  double number(String name, double otherwise) {
    String value = values.get(name);
    try {
      return value == null ? otherwise : Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw notANumber(name, value, e);
    }
  }

  int whole(String name, int otherwise) {
    String value = values.get(name);
    try {
      return value == null ? otherwise : Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw notANumber(name, value, e);
    }
  }

  /**
   * One of a few words.
   *
   * @param words as a message lists them: {@code a or b}
   */
  <E extends Enum<E>> E word(String name, E otherwise, String words) {
    return values.containsKey(name)
        ? word(what, name, values.get(name), otherwise.getDeclaringClass(), words)
        : otherwise;
  }

  static <E extends Enum<E>> E word(
      String what, String name, String value, Class<E> type, String words) {
    try {
      return Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          what + " " + name + "=" + value + " is not known: give " + words, e);
    }
  }

  private IllegalArgumentException notANumber(String name, String value, Exception e) {
    return new IllegalArgumentException(
        what + " " + name + "=" + value + " is not a number: give one", e);
  }
}
