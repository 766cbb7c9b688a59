package dev.lockstep.ps.transport;

import dev.lockstep.ps.server.Pull;
import dev.lockstep.ps.server.PullReply;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A {@link PullReply} and a frame of θ as bytes. The server makes the message first and pulls θ
 * straight into it.
 *
 * <pre>
 *  0        16     24      28      32         40        48             56
 *  | prefix | step | frame | count | examples | lossSum | gradientNorm | floats
 * </pre>
 */
final class PullReplyMessage {

  private static final int STEP_OFFSET = MessagePrefix.LENGTH;
  private static final int FRAME_OFFSET = STEP_OFFSET + Long.BYTES;
  private static final int COUNT_OFFSET = FRAME_OFFSET + Integer.BYTES;
  private static final int EXAMPLES_OFFSET = COUNT_OFFSET + Integer.BYTES;
  private static final int LOSS_OFFSET = EXAMPLES_OFFSET + Long.BYTES;
  private static final int NORM_OFFSET = LOSS_OFFSET + Double.BYTES;
  private static final int FLOATS_OFFSET = NORM_OFFSET + Double.BYTES;

  private PullReplyMessage() {}

  static int encodedLength(int count) {
    return FLOATS_OFFSET + count * Float.BYTES;
  }

  /** The answer to a pull, without the reply and θ. */
  static ByteBuffer prepare(PullMessage pull) {
    ByteBuffer bytes = Wire.allocate(encodedLength(pull.count()));
    MessagePrefix.encode(bytes, MessageType.PULL_REPLY, pull.attempt());
    bytes.putLong(STEP_OFFSET, pull.step());
    bytes.putInt(FRAME_OFFSET, pull.frame());
    bytes.putInt(COUNT_OFFSET, pull.count());
    return bytes;
  }

  /** Where θ belongs in a prepared message. */
  static FloatBuffer destination(ByteBuffer prepared) {
    return Wire.floats(prepared, FLOATS_OFFSET, prepared.getInt(COUNT_OFFSET));
  }

  /** Completes a prepared message. */
  static ByteBuffer encode(ByteBuffer prepared, PullReply reply) {
    prepared.putLong(EXAMPLES_OFFSET, reply.examples());
    prepared.putDouble(LOSS_OFFSET, reply.lossSum());
    prepared.putDouble(NORM_OFFSET, reply.gradientNorm());
    return prepared;
  }

  /**
   * Reads an answer, and copies θ into the pull's destination.
   *
   * @throws MessageException if it is not the answer to that pull
   */
  static PullReply decode(ByteBuffer message, Pull pull) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.PULL_REPLY, FLOATS_OFFSET);
    int count = bytes.getInt(COUNT_OFFSET);
    if (!MessagePrefix.attempt(bytes).equals(pull.attempt())
        || bytes.getLong(STEP_OFFSET) != pull.step()
        || bytes.getInt(FRAME_OFFSET) != pull.frame()
        || count != pull.destination().remaining()) {
      throw new MessageException(
          "PULL_REPLY: step="
              + bytes.getLong(STEP_OFFSET)
              + " frame="
              + bytes.getInt(FRAME_OFFSET)
              + " count="
              + count
              + " of "
              + MessagePrefix.attempt(bytes)
              + " answers another pull than step="
              + pull.step()
              + " frame="
              + pull.frame()
              + " count="
              + pull.destination().remaining()
              + " of "
              + pull.attempt());
    }
    MessagePrefix.checkLength(MessageType.PULL_REPLY, bytes, encodedLength(count));
    pull.destination().duplicate().put(Wire.floats(bytes, FLOATS_OFFSET, count));
    return new PullReply(
        bytes.getLong(EXAMPLES_OFFSET), bytes.getDouble(LOSS_OFFSET), bytes.getDouble(NORM_OFFSET));
  }
}
