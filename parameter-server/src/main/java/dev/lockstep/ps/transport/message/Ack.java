package dev.lockstep.ps.transport.message;

import java.nio.ByteBuffer;

/**
 * The answer that says "taken".
 *
 * <pre>
 *  0      1
 *  | type |
 * </pre>
 */
public final class Ack {

  private static final int TYPE_OFFSET = 0;
  private static final int LENGTH = 1;

  private Ack() {}

  public static int encodedLength() {
    return LENGTH;
  }

  public static ByteBuffer encode() {
    return Wire.allocate(LENGTH).put(TYPE_OFFSET, MessageType.ACK.code());
  }

  public static Void check(ByteBuffer message) {
    if (message.remaining() != LENGTH || MessageType.of(message) != MessageType.ACK) {
      throw new MessageException(
          "answer of " + message.remaining() + " bytes where an acknowledgement was due");
    }
    return null;
  }
}
