package dev.lockstep.ps.transport;

import dev.lockstep.ps.server.AttemptKey;
import dev.lockstep.ps.server.FrameLayout;
import dev.lockstep.ps.server.Pull;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A {@link Pull} as bytes, without its destination.
 *
 * <pre>
 *  0        16     24      28      32
 *  | prefix | step | frame | count |
 * </pre>
 *
 * @param attempt who is asking
 * @param step the step that θ must have taken
 * @param frame index of the frame inside its parameter shard
 * @param count floats that the asker has room for
 */
record PullMessage(AttemptKey attempt, long step, int frame, int count) {

  private static final int STEP_OFFSET = MessagePrefix.LENGTH;
  private static final int FRAME_OFFSET = STEP_OFFSET + Long.BYTES;
  private static final int COUNT_OFFSET = FRAME_OFFSET + Integer.BYTES;
  private static final int LENGTH = COUNT_OFFSET + Integer.BYTES;

  static PullMessage of(Pull pull) {
    return new PullMessage(
        pull.attempt(), pull.step(), pull.frame(), pull.destination().remaining());
  }

  /** The pull, with somewhere to put θ. */
  Pull into(FloatBuffer destination) {
    return Wire.checked(() -> new Pull(attempt, step, frame, destination));
  }

  static int encodedLength() {
    return LENGTH;
  }

  ByteBuffer encode() {
    ByteBuffer bytes = Wire.allocate(LENGTH);
    MessagePrefix.encode(bytes, MessageType.PULL, attempt);
    bytes.putLong(STEP_OFFSET, step);
    bytes.putInt(FRAME_OFFSET, frame);
    bytes.putInt(COUNT_OFFSET, count);
    return bytes;
  }

  static PullMessage decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.PULL, LENGTH);
    MessagePrefix.checkLength(MessageType.PULL, bytes, LENGTH);
    return new PullMessage(
        MessagePrefix.attempt(bytes),
        bytes.getLong(STEP_OFFSET),
        bytes.getInt(FRAME_OFFSET),
        Wire.checkCount("PULL: floats", bytes.getInt(COUNT_OFFSET), FrameLayout.FRAME));
  }
}
