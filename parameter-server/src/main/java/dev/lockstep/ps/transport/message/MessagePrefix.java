package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.AttemptKey;
import java.nio.ByteBuffer;

/**
 * The start of every message of an attempt. All numbers are little-endian.
 *
 * <pre>
 *  0      1          4     12        16
 *  | type | reserved | run | attempt |
 * </pre>
 */
final class MessagePrefix {

  private static final int TYPE_OFFSET = 0;
  private static final int RUN_OFFSET = 4;
  private static final int ATTEMPT_OFFSET = 12;

  /** Where the message's own fields begin. */
  static final int LENGTH = 16;

  private MessagePrefix() {}

  /** Writes all of the prefix: the reserved bytes are 0. */
  static void encode(ByteBuffer bytes, MessageType type, AttemptKey attempt) {
    bytes.putInt(TYPE_OFFSET, type.code());
    bytes.putLong(RUN_OFFSET, attempt.run());
    bytes.putInt(ATTEMPT_OFFSET, attempt.attempt());
  }

  static AttemptKey attempt(ByteBuffer bytes) {
    return new AttemptKey(bytes.getLong(RUN_OFFSET), bytes.getInt(ATTEMPT_OFFSET));
  }

  /**
   * The message from offset 0, checked to be of that type and at least that long.
   *
   * @throws MessageException naming both lengths, or both types
   */
  static ByteBuffer open(ByteBuffer message, MessageType type, int minimum) {
    ByteBuffer bytes = Wire.view(message);
    MessageType found = MessageType.of(bytes);
    if (found != type) {
      throw new MessageException("message of type " + found + " where " + type + " was due");
    }
    if (bytes.limit() < minimum) {
      throw new MessageException(type + ": length=" + bytes.limit() + " < " + minimum);
    }
    return bytes;
  }

  /** Checks the length of a message of variable size. */
  static void checkLength(MessageType type, ByteBuffer bytes, long expected) {
    if (bytes.limit() != expected) {
      throw new MessageException(
          type + ": length=" + bytes.limit() + " != " + expected + ", what its fields say");
    }
  }
}
