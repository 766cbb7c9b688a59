package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.FrameCodec;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PullReplyMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.rpc.MessageLink;
import java.util.concurrent.CompletableFuture;

/** A parameter shard in another JVM: turns calls into messages. */
final class RemoteShard implements ShardEndpoint {

  private final int shard;
  private final NodeAddress address;
  private final MessageLink link;
  private final WireFormat format;
  private final Payload payload;

  /**
   * A shard behind a link.
   *
   * @param format of the gradients that are pushed to it
   * @param payload counts
   */
  RemoteShard(
      int shard, NodeAddress address, MessageLink link, WireFormat format, Payload payload) {
    this.shard = shard;
    this.address = address;
    this.link = link;
    this.format = format;
    this.payload = payload;
  }

  @Override
  public CompletableFuture<Void> push(Push push) {
    FrameCodec gradient = FrameCodec.of(push.gradient(), format);
    payload.pushed(gradient);
    return link.request(memory -> PushMessage.encode(push, gradient, memory), Ack::check);
  }

  @Override
  public CompletableFuture<PullReply> pull(Pull pull) {
    payload.pulled(pull);
    return link.request(
        PullMessage.of(pull).encode(), answer -> PullReplyMessage.decode(answer, pull));
  }

  @Override
  public CompletableFuture<Void> norms(ShardNorms norms) {
    return link.request(NormsMessage.encode(norms), Ack::check);
  }

  @Override
  public String toString() {
    return "shard " + shard + " on " + address;
  }
}
