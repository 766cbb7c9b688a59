package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.StepOutcome;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A {@link PullReply} and a frame of θ as bytes. The server makes the message first, with space for
 * all outcomes that may be in it, and pulls θ straight into it.
 *
 * <pre>
 *  0        16      24        32      36      40         44
 *  | prefix | asked | version | frame | count | outcomes | floats, then outcomes
 *
 *  outcome:  0      8          16        24             32          36
 *            | step | examples | lossSum | gradientNorm | nonFinite |
 * </pre>
 */
public final class PullReplyMessage {

  private static final int ASKED_OFFSET = MessagePrefix.LENGTH;
  private static final int VERSION_OFFSET = ASKED_OFFSET + Long.BYTES;
  private static final int FRAME_OFFSET = VERSION_OFFSET + Long.BYTES;
  private static final int COUNT_OFFSET = FRAME_OFFSET + Integer.BYTES;
  private static final int OUTCOMES_OFFSET = COUNT_OFFSET + Integer.BYTES;
  private static final int FLOATS_OFFSET = OUTCOMES_OFFSET + Integer.BYTES;

  private static final int STEP_OFFSET = 0;
  private static final int EXAMPLES_OFFSET = STEP_OFFSET + Long.BYTES;
  private static final int LOSS_OFFSET = EXAMPLES_OFFSET + Long.BYTES;
  private static final int NORM_OFFSET = LOSS_OFFSET + Double.BYTES;
  private static final int NON_FINITE_OFFSET = NORM_OFFSET + Double.BYTES;
  private static final int OUTCOME_LENGTH = NON_FINITE_OFFSET + Integer.BYTES;

  private PullReplyMessage() {}

  static int encodedLength(int count, int outcomes) {
    return FLOATS_OFFSET + count * Float.BYTES + outcomes * OUTCOME_LENGTH;
  }

  /** The answer to a pull, without the reply and θ, in memory of the given kind. */
  public static ByteBuffer prepare(PullMessage pull, IntFunction<ByteBuffer> memory) {
    int outcomes = pull.outcomesFrom() == Pull.NO_OUTCOMES ? 0 : Pull.MOST_OUTCOMES;
    ByteBuffer bytes = memory.apply(encodedLength(pull.count(), outcomes));
    MessagePrefix.encode(bytes, MessageType.PULL_REPLY, pull.attempt());
    bytes.putLong(ASKED_OFFSET, pull.version());
    bytes.putInt(FRAME_OFFSET, pull.frame());
    bytes.putInt(COUNT_OFFSET, pull.count());
    return bytes;
  }

  /** Where θ belongs in a prepared message. */
  public static FloatBuffer destination(ByteBuffer prepared) {
    return Wire.floats(prepared, FLOATS_OFFSET, prepared.getInt(COUNT_OFFSET));
  }

  /** Completes a prepared message; its limit is the message's end. */
  public static ByteBuffer encode(ByteBuffer prepared, PullReply reply) {
    int count = prepared.getInt(COUNT_OFFSET);
    prepared.putLong(VERSION_OFFSET, reply.version());
    prepared.putInt(OUTCOMES_OFFSET, reply.outcomes().size());
    int at = encodedLength(count, 0);
    for (StepOutcome outcome : reply.outcomes()) {
      prepared.putLong(at + STEP_OFFSET, outcome.step());
      prepared.putLong(at + EXAMPLES_OFFSET, outcome.total().examples());
      prepared.putDouble(at + LOSS_OFFSET, outcome.total().lossSum());
      prepared.putDouble(at + NORM_OFFSET, outcome.gradientNorm());
      prepared.putInt(at + NON_FINITE_OFFSET, outcome.total().nonFinite());
      at += OUTCOME_LENGTH;
    }
    return prepared.limit(at);
  }

  /**
   * Reads an answer, and copies θ into the pull's destination.
   *
   * @throws MessageException if it is not the answer to that pull
   */
  public static PullReply decode(ByteBuffer message, Pull pull) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.PULL_REPLY, FLOATS_OFFSET);
    int count = bytes.getInt(COUNT_OFFSET);
    if (!MessagePrefix.attempt(bytes).equals(pull.attempt())
        || bytes.getLong(ASKED_OFFSET) != pull.version()
        || bytes.getInt(FRAME_OFFSET) != pull.frame()
        || count != pull.destination().remaining()) {
      throw new MessageException(
          "PULL_REPLY: version="
              + bytes.getLong(ASKED_OFFSET)
              + " frame="
              + bytes.getInt(FRAME_OFFSET)
              + " count="
              + count
              + " of "
              + MessagePrefix.attempt(bytes)
              + " answers another pull than version="
              + pull.version()
              + " frame="
              + pull.frame()
              + " count="
              + pull.destination().remaining()
              + " of "
              + pull.attempt());
    }
    int outcomes =
        Wire.checkCount("PULL_REPLY: outcomes", bytes.getInt(OUTCOMES_OFFSET), Pull.MOST_OUTCOMES);
    MessagePrefix.checkLength(MessageType.PULL_REPLY, bytes, encodedLength(count, outcomes));
    pull.destination().duplicate().put(Wire.floats(bytes, FLOATS_OFFSET, count));
    return Wire.checked(
        () -> new PullReply(bytes.getLong(VERSION_OFFSET), outcomes(bytes, count, outcomes)));
  }

  private static List<StepOutcome> outcomes(ByteBuffer bytes, int count, int outcomes) {
    List<StepOutcome> read = new ArrayList<>(outcomes);
    for (int i = 0; i < outcomes; i++) {
      int at = encodedLength(count, i);
      read.add(
          new StepOutcome(
              bytes.getLong(at + STEP_OFFSET),
              new Contribution(
                  bytes.getLong(at + EXAMPLES_OFFSET),
                  bytes.getDouble(at + LOSS_OFFSET),
                  bytes.getInt(at + NON_FINITE_OFFSET)),
              bytes.getDouble(at + NORM_OFFSET)));
    }
    return read;
  }
}
