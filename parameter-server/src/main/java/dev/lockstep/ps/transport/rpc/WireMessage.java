package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.MessagePrefix;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.message.Wire;
import java.net.SocketAddress;
import java.nio.ByteBuffer;

/**
 * A message on its way, as {@link MessageFaults} sees it.
 *
 * @param moment where on its way
 * @param type of the message; of the request where an answer is on its way
 * @param attempt number of the attempt; {@link #NONE} where the message has none
 * @param step of a push or norms: the step that they are part of. Of a pull: the last step that the
 *     θ asked for must have taken, so the same number as that of the pushes it waits for. {@link
 *     #NONE} where the message has none
 * @param frame of a push or a pull: index of the frame inside the parameter shard; else {@link
 *     #NONE}. A push of a worker is one message for each frame, in ascending order
 * @param peer the other end of the connection
 * @param bytes length of the message, or of the answer
 */
public record WireMessage(
    Moment moment,
    MessageType type,
    int attempt,
    long step,
    int frame,
    SocketAddress peer,
    int bytes) {

  /** Stands for a number that a message does not have. */
  public static final int NONE = -1;

  /** Where on its way a message is. */
  public enum Moment {
    /** A request, in the JVM that asks, before it is written to the connection. */
    SENDING_REQUEST,
    /** A request, in the JVM that is asked, before anything is done about it. */
    HANDLING_REQUEST,
    /** An answer, in the JVM that was asked, after all is done and before it is written. */
    SENDING_ANSWER
  }

  /** A request of a node; one whose bytes make no sense is taken for a foreign one. */
  public static WireMessage ofNode(Moment moment, ByteBuffer request, SocketAddress peer) {
    ByteBuffer bytes = Wire.view(request);
    int length = bytes.limit();
    try {
      MessageType type = MessageType.of(bytes);
      return switch (type) {
        case PUSH ->
            new WireMessage(
                moment,
                type,
                MessagePrefix.attempt(bytes).attempt(),
                PushMessage.step(bytes),
                PushMessage.frame(bytes),
                peer,
                length);
        case PULL ->
            new WireMessage(
                moment,
                type,
                MessagePrefix.attempt(bytes).attempt(),
                PullMessage.version(bytes) - 1,
                PullMessage.frame(bytes),
                peer,
                length);
        case NORMS ->
            new WireMessage(
                moment,
                type,
                MessagePrefix.attempt(bytes).attempt(),
                NormsMessage.step(bytes),
                NONE,
                peer,
                length);
        case ABORT, FAREWELL ->
            new WireMessage(
                moment, type, MessagePrefix.attempt(bytes).attempt(), NONE, NONE, peer, length);
        default -> new WireMessage(moment, type, NONE, NONE, NONE, peer, length);
      };
    } catch (MessageException | IndexOutOfBoundsException e) {
      return foreign(moment, request, peer);
    }
  }

  /** A request of which nothing is known. */
  static WireMessage foreign(Moment moment, ByteBuffer request, SocketAddress peer) {
    return new WireMessage(
        moment, MessageType.FOREIGN, NONE, NONE, NONE, peer, request.remaining());
  }

  /** The answer to this request. */
  WireMessage answered(int answerBytes) {
    return new WireMessage(Moment.SENDING_ANSWER, type, attempt, step, frame, peer, answerBytes);
  }
}
