package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.LeaveMessage;
import dev.lockstep.ps.transport.rpc.MessageLink;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Another node of the attempt, as one node sees it. Thread-safe. */
final class Peer {

  private final NodeAddress address;
  private final int shard;
  private final MessageLink link;
  private final WireFormat format;
  private final Payload payload;
  private final CompletableFuture<Void> left = new CompletableFuture<>();
  private final AtomicLong lastAnswer = new AtomicLong(System.nanoTime());

  /**
   * A connected peer.
   *
   * @param format of the gradients that are pushed to it
   * @param payload counts what is exchanged with it
   */
  Peer(NodeAddress address, int shard, MessageLink link, WireFormat format, Payload payload) {
    this.address = address;
    this.shard = shard;
    this.link = link;
    this.format = format;
    this.payload = payload;
  }

  RemoteShard endpoint() {
    return new RemoteShard(shard, address, link, format, payload);
  }

  MessageLink link() {
    return link;
  }

  /** Completes when the peer has said that it needs nothing more. */
  CompletableFuture<Void> left() {
    return left;
  }

  void ping() {
    CompletableFuture<Void> unused = link.ping().thenRun(() -> lastAnswer.set(System.nanoTime()));
  }

  /** Time since the last answer to a ping. */
  long nanosSinceAnswer(long now) {
    return now - lastAnswer.get();
  }

  /** Does not count a pause of this JVM as silence of the peer. */
  void excuse(long nanos) {
    lastAnswer.addAndGet(nanos);
  }

  CompletableFuture<Void> sendAbort(AttemptKey attempt, String reason) {
    return link.request(new AbortMessage(attempt, reason).encode(), Ack::check);
  }

  CompletableFuture<Void> sendLeave(AttemptKey attempt, int ownShard) {
    return link.request(new LeaveMessage(attempt, ownShard).encode(), Ack::check);
  }

  /** How messages name it. */
  String describe() {
    return address + " (shard " + shard + ")";
  }
}
