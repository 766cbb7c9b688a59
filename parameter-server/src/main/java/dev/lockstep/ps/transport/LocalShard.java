package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.message.FrameCodec;
import java.util.concurrent.CompletableFuture;

/** The parameter shard of this JVM: hands over in memory, and counts as if by message. */
final class LocalShard implements ShardEndpoint {

  private final ShardEndpoint shard;
  private final WireFormat format;
  private final Payload payload;

  LocalShard(ShardEndpoint shard, WireFormat format, Payload payload) {
    this.shard = shard;
    this.format = format;
    this.payload = payload;
  }

  @Override
  public CompletableFuture<Void> push(Push push) {
    payload.pushed(FrameCodec.of(push.gradient(), format));
    return shard.push(push);
  }

  @Override
  public CompletableFuture<PullReply> pull(Pull pull) {
    payload.pulled(pull);
    return shard.pull(pull);
  }

  @Override
  public CompletableFuture<Void> norms(ShardNorms norms) {
    return shard.norms(norms);
  }

  @Override
  public String toString() {
    return shard.toString();
  }
}
