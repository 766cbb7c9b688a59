package dev.lockstep.ps.transport.message;

import java.nio.ByteBuffer;

/**
 * Asks whether the peer lives.
 *
 * <pre>
 *  0      1
 *  | type |
 * </pre>
 */
public final class PingMessage {

  private static final int TYPE_OFFSET = 0;
  private static final int LENGTH = 1;

  private PingMessage() {}

  static int encodedLength() {
    return LENGTH;
  }

  public static ByteBuffer encode() {
    return Wire.allocate(LENGTH).put(TYPE_OFFSET, MessageType.PING.code());
  }

  /** Whether a message is a ping. */
  public static boolean matches(ByteBuffer message) {
    return message.remaining() == LENGTH
        && message.get(message.position() + TYPE_OFFSET) == MessageType.PING.code();
  }
}
