package dev.lockstep.ps.transport;

import dev.lockstep.ps.server.AttemptKey;
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
record FarewellMessage(AttemptKey attempt, int shard) {

  private static final int SHARD_OFFSET = MessagePrefix.LENGTH;
  private static final int LENGTH = SHARD_OFFSET + Integer.BYTES;

  static int encodedLength() {
    return LENGTH;
  }

  ByteBuffer encode() {
    ByteBuffer bytes = Wire.allocate(LENGTH);
    MessagePrefix.encode(bytes, MessageType.FAREWELL, attempt);
    bytes.putInt(SHARD_OFFSET, shard);
    return bytes;
  }

  static FarewellMessage decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.FAREWELL, LENGTH);
    MessagePrefix.checkLength(MessageType.FAREWELL, bytes, LENGTH);
    return new FarewellMessage(MessagePrefix.attempt(bytes), bytes.getInt(SHARD_OFFSET));
  }
}
