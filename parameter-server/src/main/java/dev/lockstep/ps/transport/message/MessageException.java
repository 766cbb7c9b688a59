package dev.lockstep.ps.transport.message;

/** A message that could not be read, or whose handling failed on the other side. */
public final class MessageException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Before the message, where it crosses as text. */
  private static final String MARK = "[lockstep] ";

  /** What is wrong, with the values that disagree. */
  public MessageException(String message) {
    super(message);
  }

  /** What failed and why. */
  public MessageException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What network-common should send for a failure: its text without the stack. */
  public static Throwable toSend(Throwable failure) {
    return new Carried(MARK + Wire.describe(failure));
  }

  /** The failure of the other side, out of what network-common delivers. */
  public static MessageException received(Throwable delivered) {
    String text = String.valueOf(delivered.getMessage());
    int mark = text.indexOf(MARK);
    return mark >= 0
        ? new MessageException(text.substring(mark + MARK.length()).strip())
        : new MessageException(text, delivered);
  }

  /** Has no stack trace: network-common sends all that printStackTrace prints. */
  private static final class Carried extends Exception {
    private static final long serialVersionUID = 1L;

    Carried(String message) {
      super(message, null, false, false);
    }
  }
}
