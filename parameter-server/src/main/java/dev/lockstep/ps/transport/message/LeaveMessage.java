package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.AttemptKey;
import java.nio.ByteBuffer;

/**
 * Tells a peer that the sender needs nothing more from it, and that the sender's connection may end
 * once the peer has said the same.
 *
 * <pre>
 *  0        16      20
 *  | prefix | shard |
 * </pre>
 *
 * @param attempt which attempt
 * @param shard the sender's place in the roster
 */
public record LeaveMessage(AttemptKey attempt, int shard) {

  private static final int SHARD_OFFSET = MessagePrefix.LENGTH;
  private static final int LENGTH = SHARD_OFFSET + Integer.BYTES;

  static int encodedLength() {
    return LENGTH;
  }

  public ByteBuffer encode() {
    ByteBuffer bytes = Wire.allocate(LENGTH);
    MessagePrefix.encode(bytes, MessageType.LEAVE, attempt);
    bytes.putInt(SHARD_OFFSET, shard);
    return bytes;
  }

  public static LeaveMessage decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.LEAVE, LENGTH);
    MessagePrefix.checkLength(MessageType.LEAVE, bytes, LENGTH);
    return new LeaveMessage(MessagePrefix.attempt(bytes), bytes.getInt(SHARD_OFFSET));
  }
}
