package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Intercepted;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;

/**
 * A message in transit, as {@link MessageFaults} sees it.
 *
 * @param moment where on its way
 * @param type of the request; null for one that is none of the parameter server's
 * @param step of a push or norms: the step that they are part of. Of a pull: the last step that the
 *     θ asked for must have taken, so the step of the pushes it waits for. Else {@link #NONE}
 * @param frame of a push or a pull: index of the frame inside the parameter shard; else {@link
 *     #NONE}
 * @param peer the other end of the connection
 * @param bytes length of the message, or of the answer, without its checksum
 */
public record WireMessage(
    Moment moment, MessageType type, long step, int frame, SocketAddress peer, int bytes) {

  /** Stands for a number that a message does not have. */
  public static final int NONE = -1;

  static WireMessage of(Intercepted message) {
    ByteBuffer request = message.request();
    MessageType type = null;
    long step = NONE;
    int frame = NONE;
    try {
      type = MessageType.of(request);
      switch (type) {
        case PUSH -> {
          Push push = PushMessage.decode(request);
          step = push.when().step();
          frame = push.frame();
        }
        case PULL -> {
          PullMessage pull = PullMessage.decode(request);
          step = pull.version() - 1;
          frame = pull.frame();
        }
        case NORMS -> {
          ShardNorms norms = NormsMessage.decode(request);
          step = norms.step();
        }
        default -> {}
      }
    } catch (MessageException e) {
      // A message of other users of the connection, whose first byte may look like a type.
    }
    return new WireMessage(
        message.moment(),
        type,
        step,
        frame,
        message.peer(),
        ChecksummedMessage.length(message.bytes()));
  }
}
