package dev.lockstep.sharding.prepare;

/** Numbers as people write them: Java's own reader also takes {@code 5d} and {@code 0x1p3}. */
final class DecimalText {

  private DecimalText() {}

  /**
   * Reads a number; NaN and infinities are read too.
   *
   * @throws NumberFormatException if it is none
   */
  static double parse(String text) {
    double number = Double.parseDouble(text);
    char last = text.charAt(text.length() - 1);
    boolean decimal = last == '.' || (last >= '0' && last <= '9');
    if (Double.isFinite(number) && (!decimal || text.indexOf('x') >= 0 || text.indexOf('X') >= 0)) {
      throw new NumberFormatException(text);
    }
    return number;
  }
}
