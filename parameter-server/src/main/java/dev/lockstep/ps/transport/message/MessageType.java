package dev.lockstep.ps.transport.message;

import java.nio.ByteBuffer;

/** The first byte of every message. */
public enum MessageType {
  /** Asks whether the peer lives. */
  PING(1),
  /** The answer that says "taken". */
  ACK(2),
  /** A gradient sum for one frame of a parameter shard. */
  PUSH(3),
  /** Asks for one frame of θ. */
  PULL(4),
  /** One frame of θ. */
  PULL_REPLY(5),
  /** One server's part of the norms of a step. */
  NORMS(6),
  /** The attempt is over. */
  ABORT(7),
  /** The sender needs nothing more. */
  LEAVE(8),
  /** Proves the run's token; the first message of every connection. */
  HELLO(0x54);

  private final byte code;

  MessageType(int code) {
    this.code = (byte) code;
  }

  public byte code() {
    return code;
  }

  /** The type of a message, without moving its position. */
  public static MessageType of(ByteBuffer message) {
    if (message.hasRemaining()) {
      byte code = message.get(message.position());
      for (MessageType type : values()) {
        if (type.code == code) {
          return type;
        }
      }
      throw new MessageException("message refused: unknown type " + code);
    }
    throw new MessageException("message refused: it is empty");
  }
}
