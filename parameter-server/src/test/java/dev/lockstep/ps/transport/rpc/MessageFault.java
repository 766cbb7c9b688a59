package dev.lockstep.ps.transport.rpc;

import java.time.Duration;
import java.util.Objects;

/** What happens to a message in transit. */
public sealed interface MessageFault {

  /** No fault. */
  MessageFault PASS = new Pass();

  /** The message is delivered unchanged. */
  record Pass() implements MessageFault {}

  /** The message is lost; the connection stays open. */
  record Lose() implements MessageFault {}

  /** The message is delivered twice. */
  record Duplicate() implements MessageFault {}

  /**
   * The message is delivered later, so that others overtake it. No thread waits meanwhile.
   *
   * @param by how much later
   */
  record Delay(Duration by) implements MessageFault {
    public Delay {
      if (Objects.requireNonNull(by, "by").isNegative()) {
        throw new IllegalArgumentException("delay by=" + by + " must be >= 0");
      }
    }
  }

  /** The connection is reset, which drops the message and whatever is still unsent. */
  record Reset() implements MessageFault {}

  /**
   * One bit of the message is flipped.
   *
   * @param bit which, counted from the message's start; any number, taken modulo its length in bits
   */
  record Corrupt(int bit) implements MessageFault {}
}
