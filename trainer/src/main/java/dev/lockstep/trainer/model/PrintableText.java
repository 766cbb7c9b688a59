package dev.lockstep.trainer.model;

/** Text of unknown origin, made fit for a message. */
public final class PrintableText {
  private static final int MOST_CHARACTERS = 200;

  private PrintableText() {}

  /** The text with "?" for what is not printable ASCII, cut to 200 characters. */
  public static String of(String text) {
    String clean = text.replaceAll("[^\\p{Print}]", "?");
    return clean.length() > MOST_CHARACTERS ? clean.substring(0, MOST_CHARACTERS) + "..." : clean;
  }
}
