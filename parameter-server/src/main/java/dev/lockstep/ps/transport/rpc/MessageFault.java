package dev.lockstep.ps.transport.rpc;

import java.time.Duration;
import java.util.Objects;

/** What {@link MessageFaults} makes of a message. */
public sealed interface MessageFault {

  /** Nothing happens to it. */
  MessageFault PASS = new Pass();

  /** It goes its way. */
  record Pass() implements MessageFault {}

  /** It is lost; the connection stays. */
  record Lose() implements MessageFault {}

  /** It goes its way twice. */
  record Duplicate() implements MessageFault {}

  /**
   * It goes its way later, so that others overtake it. No thread waits for that.
   *
   * @param by how much later
   */
  record Delay(Duration by) implements MessageFault {
    /** Checks the sign. */
    public Delay {
      if (Objects.requireNonNull(by, "by").isNegative()) {
        throw new IllegalArgumentException("delay by=" + by + " must be >= 0");
      }
    }
  }

  /** The connection ends at once, without what was still to be sent, and the message with it. */
  record Reset() implements MessageFault {}

  /**
   * One of its bits is flipped.
   *
   * @param bit which, counted from its begin; any number, taken modulo the message's length in bits
   */
  record Corrupt(int bit) implements MessageFault {}
}
