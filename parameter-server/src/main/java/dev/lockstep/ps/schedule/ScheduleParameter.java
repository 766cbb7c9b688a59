package dev.lockstep.ps.schedule;

/**
 * A parameter of a form in a schedule's text.
 *
 * @param name as written
 * @param kind of its values
 * @param ifAbsent the default, or null where it must be given; a length may also have none
 */
record ScheduleParameter(String name, Kind kind, String ifAbsent) {

  /** When the next part begins, or what the shape is stretched to. */
  static final ScheduleParameter FOR = new ScheduleParameter("for", Kind.SPAN, "");

  /** What the part counts, where that is not the unit of its first length. */
  static final ScheduleParameter BY = new ScheduleParameter("by", Kind.CLOCK, "");

  static final ScheduleParameter ANNEAL = new ScheduleParameter("anneal", Kind.ANNEAL, "cos");

  /** Kinds of values. */
  enum Kind {
    NUMBER,
    /** A whole number, at least 1. */
    COUNT,
    SPAN,
    /** Several lengths, in order. */
    SPANS,
    /** {@code steps} or {@code epochs}. */
    CLOCK,
    /** {@code cos} or {@code linear}. */
    ANNEAL
  }

  /**
   * A value in its canonical form.
   *
   * @param where begins the message of a refusal
   * @throws IllegalArgumentException if it is not of the kind
   */
  String canonical(String where, String value) {
    String named = where + name + "=";
    return switch (kind) {
      case NUMBER -> CallText.text(CallText.number(named, value));
      case COUNT -> count(named, value);
      case SPAN, SPANS -> ScheduleDuration.parse(named, value).toString();
      case CLOCK -> oneOf(named, value, "steps", "epochs");
      case ANNEAL -> oneOf(named, value, "cos", "linear");
    };
  }

  private static String count(String named, String value) {
    if (!value.matches("[1-9]\\d{0,8}")) {
      throw new IllegalArgumentException(
          named + value + " is not a whole number >= 1: give one such as 2");
    }
    return value;
  }

  private static String oneOf(String named, String value, String first, String second) {
    if (value.equals(first) || value.equals(second)) {
      return value;
    }
    throw new IllegalArgumentException(
        named + value + " is neither " + first + " nor " + second + ": give one of them");
  }
}
