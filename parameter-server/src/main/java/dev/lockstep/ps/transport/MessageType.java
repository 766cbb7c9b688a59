package dev.lockstep.ps.transport;

import java.nio.ByteBuffer;

/** The first byte of every message but the hello. */
enum MessageType {
  PING(1),
  ACK(2),
  PUSH(3),
  PULL(4),
  PULL_REPLY(5),
  NORMS(6),
  ABORT(7),
  FAREWELL(8);

  private final byte code;

  MessageType(int code) {
    this.code = (byte) code;
  }

  byte code() {
    return code;
  }

  /** The type of a message, without moving its position. */
  static MessageType of(ByteBuffer message) {
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
