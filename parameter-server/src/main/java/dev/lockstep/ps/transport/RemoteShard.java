package dev.lockstep.ps.transport;

import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.server.Pull;
import dev.lockstep.ps.server.PullReply;
import dev.lockstep.ps.server.Push;
import dev.lockstep.ps.server.ShardEndpoint;
import dev.lockstep.ps.server.ShardNorms;
import java.util.concurrent.CompletableFuture;

/** A parameter shard in another JVM: turns calls into messages. */
final class RemoteShard implements ShardEndpoint {

  private final int shard;
  private final NodeAddress address;
  private final MessageLink link;
  private final WireFormat format;

  RemoteShard(int shard, NodeAddress address, MessageLink link, WireFormat format) {
    this.shard = shard;
    this.address = address;
    this.link = link;
    this.format = format;
  }

  @Override
  public CompletableFuture<Void> push(Push push) {
    return link.request(memory -> PushMessage.encode(push, format, memory), Ack::check);
  }

  @Override
  public CompletableFuture<PullReply> pull(Pull pull) {
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
