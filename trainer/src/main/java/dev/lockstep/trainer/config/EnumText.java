package dev.lockstep.trainer.config;

import java.util.List;
import java.util.Locale;

/** Constants of enumerations as options and configuration files write them: {@code warm-start}. */
public final class EnumText {
  private EnumText() {}

  /** The form that {@link #parse} reads back. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Reads a constant, whatever its case.
   *
   * @throws IllegalArgumentException naming the constants that there are
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String text) {
    List<E> constants = List.of(type.getEnumConstants());
    return constants.stream()
        .filter(each -> of(each).equals(text.strip().toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'"
                        + text
                        + "' is not one of "
                        + String.join(", ", constants.stream().map(EnumText::of).toList())));
  }
}
