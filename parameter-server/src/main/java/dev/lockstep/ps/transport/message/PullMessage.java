package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Pull;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A {@link Pull} as bytes, without its destination.
 *
 * <pre>
 *  0        16        24             32      36      40
 *  | prefix | version | outcomesFrom | frame | count |
 * </pre>
 *
 * @param attempt who is asking
 * @param version steps that θ must have taken at least
 * @param outcomesFrom first step whose outcome is wanted
 * @param frame index of the frame inside its parameter shard
 * @param count floats of the destination
 */
public record PullMessage(
    AttemptKey attempt, long version, long outcomesFrom, int frame, int count) {

  private static final int VERSION_OFFSET = MessagePrefix.LENGTH;
  private static final int OUTCOMES_OFFSET = VERSION_OFFSET + Long.BYTES;
  private static final int FRAME_OFFSET = OUTCOMES_OFFSET + Long.BYTES;
  private static final int COUNT_OFFSET = FRAME_OFFSET + Integer.BYTES;
  private static final int LENGTH = COUNT_OFFSET + Integer.BYTES;

  public static PullMessage of(Pull pull) {
    return new PullMessage(
        pull.attempt(),
        pull.version(),
        pull.outcomesFrom(),
        pull.frame(),
        pull.destination().remaining());
  }

  /** The pull, with somewhere to put θ. */
  public Pull into(FloatBuffer destination) {
    return Wire.checked(() -> new Pull(attempt, version, frame, outcomesFrom, destination));
  }

  static int encodedLength() {
    return LENGTH;
  }

  public ByteBuffer encode() {
    ByteBuffer bytes = Wire.allocate(LENGTH);
    MessagePrefix.encode(bytes, MessageType.PULL, attempt);
    bytes.putLong(VERSION_OFFSET, version);
    bytes.putLong(OUTCOMES_OFFSET, outcomesFrom);
    bytes.putInt(FRAME_OFFSET, frame);
    bytes.putInt(COUNT_OFFSET, count);
    return bytes;
  }

  public static PullMessage decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.PULL, LENGTH);
    MessagePrefix.checkLength(MessageType.PULL, bytes, LENGTH);
    return new PullMessage(
        MessagePrefix.attempt(bytes),
        bytes.getLong(VERSION_OFFSET),
        bytes.getLong(OUTCOMES_OFFSET),
        bytes.getInt(FRAME_OFFSET),
        Wire.checkCount("PULL: floats", bytes.getInt(COUNT_OFFSET), FrameLayout.FRAME));
  }
}
