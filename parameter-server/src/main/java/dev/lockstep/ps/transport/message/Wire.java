package dev.lockstep.ps.transport.message;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/** What all byte layouts share: little-endian, offsets from the start of the message. */
public final class Wire {

  /** A longer message is refused. */
  public static final int MAX_MESSAGE_BYTES = 1 << 20;

  private Wire() {}

  /** A zeroed message of that length, position 0. */
  public static ByteBuffer allocate(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The remaining bytes as a message that starts at 0. */
  public static ByteBuffer view(ByteBuffer message) {
    return message.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A view of floats inside a message, for bulk copies. */
  static FloatBuffer floats(ByteBuffer bytes, int offset, int count) {
    return bytes.slice(offset, count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  /**
   * A count as read, if it is in {@code [0, most]}.
   *
   * @throws MessageException naming it
   */
  static int checkCount(String what, int count, int most) {
    if (count < 0 || count > most) {
      throw new MessageException(what + "=" + count + " is not in [0, " + most + "]");
    }
    return count;
  }

  /**
   * A value whose own checks count as checks of the message.
   *
   * @throws MessageException if it refuses its parts
   */
  static <T> T checked(Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new MessageException("message refused: " + e.getMessage(), e);
    }
  }

  /** A copy that outlives the call, unless the message already does. */
  public static ByteBuffer own(ByteBuffer message) {
    // Messages that arrived in several reads are merged by Netty into an array of just their size,
    // which nobody else has.
    if (message.hasArray()
        && message.arrayOffset() == 0
        && message.array().length == message.remaining()) {
      return message;
    }
    return ByteBuffer.allocate(message.remaining()).put(message.duplicate()).flip();
  }

  /** The text of the failure behind futures' wrappers. */
  public static String describe(Throwable failure) {
    Throwable inner = unwrap(failure);
    return inner.getMessage() != null ? inner.getMessage() : inner.toString();
  }

  /** The failure behind futures' wrappers. */
  static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof CompletionException || inner instanceof ExecutionException)
        && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }
}
