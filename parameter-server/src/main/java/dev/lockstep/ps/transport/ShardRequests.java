package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.server.ShardServer;
import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.LeaveMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PullReplyMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.rpc.AnsweringHandler;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Answers the messages of an attempt's other nodes. Messages that arrive before the node has
 * started wait for that; those of other attempts are refused.
 */
final class ShardRequests implements AnsweringHandler {

  private final AttemptKey attempt;
  private final CompletableFuture<Target> target;
  private final Consumer<String> aborted;

  /**
   * What messages are for.
   *
   * @param shard of this node
   * @param peers who may leave
   */
  record Target(ShardServer shard, PeerGroup peers) {}

  /**
   * Answers the messages of one attempt.
   *
   * @param target completes when the node has started
   * @param aborted told the reason when a peer ends the attempt
   */
  ShardRequests(AttemptKey attempt, CompletableFuture<Target> target, Consumer<String> aborted) {
    this.attempt = attempt;
    this.target = target;
    this.aborted = aborted;
  }

  @Override
  public CompletableFuture<ByteBuffer> receive(ByteBuffer request, IntFunction<ByteBuffer> memory) {
    MessageType type = MessageType.of(request);
    switch (type) {
      case PUSH -> {
        Push push = PushMessage.decode(request);
        requireAttempt(type, push.attempt());
        return acknowledge(target.thenCompose(now -> now.shard.push(push)));
      }
      case PULL -> {
        PullMessage pull = PullMessage.decode(request);
        requireAttempt(type, pull.attempt());
        ByteBuffer answer = PullReplyMessage.prepare(pull, memory);
        return target
            .thenCompose(now -> now.shard.pull(pull.into(PullReplyMessage.destination(answer))))
            .thenApply(reply -> PullReplyMessage.encode(answer, reply));
      }
      case NORMS -> {
        ShardNorms norms = NormsMessage.decode(request);
        requireAttempt(type, norms.attempt());
        return acknowledge(target.thenCompose(now -> now.shard.norms(norms)));
      }
      case ABORT -> {
        AbortMessage message = AbortMessage.decode(request);
        requireAttempt(type, message.attempt());
        aborted.accept(message.reason());
        return CompletableFuture.completedFuture(Ack.encode());
      }
      case LEAVE -> {
        LeaveMessage message = LeaveMessage.decode(request);
        requireAttempt(type, message.attempt());
        return acknowledge(target.thenAccept(now -> now.peers.left(message.shard())));
      }
      default -> throw new MessageException("message of type " + type + " refused: not a request");
    }
  }

  private void requireAttempt(MessageType type, AttemptKey of) {
    if (!of.equals(attempt)) {
      throw new MessageException(type + " of " + of + " refused: this is " + attempt);
    }
  }

  private static CompletableFuture<ByteBuffer> acknowledge(CompletableFuture<Void> done) {
    return done.thenApply(nothing -> Ack.encode());
  }
}
