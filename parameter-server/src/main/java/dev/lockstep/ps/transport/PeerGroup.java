package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.ServerPeers;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All other nodes of an attempt, as one node sees them: watches their connections, and sends them
 * what concerns all. Thread-safe once connected.
 */
final class PeerGroup implements ServerPeers, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PeerGroup.class);

  private final AttemptKey attempt;
  private final int own;
  private final FrameLayout layout;
  private final Consumer<Throwable> abort;
  private final Map<Integer, Peer> peers = new TreeMap<>();
  private final CompletableFuture<Void> abortSent = new CompletableFuture<>();

  /** Null for a node without peers. */
  private MessageConnector connector;

  // Guarded by this.
  private Heartbeat heartbeat;
  private boolean watching = true;

  /**
   * A group without peers.
   *
   * @param own parameter shard of this node
   * @param abort ends the attempt with a cause
   */
  PeerGroup(AttemptKey attempt, int own, FrameLayout layout, Consumer<Throwable> abort) {
    this.attempt = attempt;
    this.own = own;
    this.layout = layout;
    this.abort = abort;
  }

  /** Makes the connection to one peer. */
  @FunctionalInterface
  interface Connection {
    Peer to(MessageConnector connector, NodeAddress address, int shard)
        throws IOException, InterruptedException;
  }

  /**
   * Connects to all nodes of a roster but the own; before all other calls. Blocks.
   *
   * @param made closed with the group
   * @throws IOException naming the peer that cannot be reached
   */
  void connect(List<NodeAddress> roster, MessageConnector made, Connection connection)
      throws IOException, InterruptedException {
    connector = made;
    boolean connected = false;
    try {
      for (int shard = 0; shard < roster.size(); shard++) {
        if (shard != own) {
          peers.put(shard, connect(roster.get(shard), shard, connection));
        }
      }
      connected = true;
    } finally {
      if (!connected) {
        close();
      }
    }
  }

  private Peer connect(NodeAddress to, int shard, Connection connection)
      throws IOException, InterruptedException {
    try {
      return connection.to(connector, to, shard);
    } catch (IOException e) {
      throw new IOException(to + " (shard " + shard + "): " + e.getMessage(), e);
    }
  }

  /** Aborts the attempt from now on when a peer is lost. */
  void watch(Duration pingEvery, Duration silence) {
    synchronized (this) {
      if (!watching || peers.isEmpty()) {
        return;
      }
      heartbeat = new Heartbeat(peers.values(), pingEvery, silence, this::lost);
    }
    for (Peer peer : peers.values()) {
      peer.link().onEnd(() -> lost(peer, "its connection closed"));
    }
  }

  /** The parameter shard of a peer. */
  ShardEndpoint endpoint(int shard) {
    return peers.get(shard).endpoint();
  }

  @Override
  public void publish(ShardNorms norms) {
    peers.forEach(
        (shard, peer) -> {
          if (layout.frames(shard) > 0) {
            CompletableFuture<Void> unused =
                peer.endpoint()
                    .norms(norms)
                    .whenComplete(
                        (nothing, failure) -> {
                          // A peer that has left had all that it needed: only the answer is lost.
                          if (failure != null && !peer.left().isDone()) {
                            abort.accept(failure);
                          }
                        });
          }
        });
  }

  @Override
  public void failed(Throwable cause) {
    abort.accept(cause);
  }

  /**
   * Tells all peers that this node needs nothing more.
   *
   * @return completes when all peers have heard it and said the same
   */
  CompletableFuture<Void> leave() {
    List<CompletableFuture<Void>> left = new ArrayList<>();
    for (Peer peer : peers.values()) {
      left.add(
          peer.sendLeave(attempt, own)
              .exceptionally(
                  failure -> {
                    // A peer that has left itself need not acknowledge.
                    lost(peer, "leave: " + Wire.describe(failure));
                    return null;
                  }));
      left.add(peer.left());
    }
    return all(left);
  }

  /** Takes note that a peer needs nothing more. */
  void left(int shard) {
    Peer peer = peers.get(shard);
    if (peer == null) {
      throw new MessageException("leave of shard " + shard + " refused: no such peer");
    }
    peer.left().complete(null);
  }

  /** Tells all peers that the attempt is over. Does not block. */
  void sendAbort(String reason) {
    CompletableFuture<Void> unused =
        all(peers.values().stream()
                .map(peer -> peer.sendAbort(attempt, reason).exceptionally(failure -> null))
                .toList())
            .thenRun(() -> abortSent.complete(null));
  }

  /** Waits until all peers have heard of the abort: else they see a closed connection first. */
  void awaitAbortSent(Duration bound) {
    try {
      abortSent.get(bound.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("{}: a peer was not told of the abort", attempt, e);
    }
  }

  private void lost(Peer peer, String why) {
    if (isWatching() && !peer.left().isDone()) {
      abort.accept(new IOException("lost " + peer.describe() + ": " + why));
    }
  }

  private synchronized boolean isWatching() {
    return watching;
  }

  private static CompletableFuture<Void> all(List<CompletableFuture<Void>> futures) {
    return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
  }

  /** Ignores the loss of peers from now on. */
  synchronized void stopWatching() {
    watching = false;
    if (heartbeat != null) {
      heartbeat.close();
    }
  }

  /** Closes all connections. */
  @Override
  public void close() {
    stopWatching();
    if (connector != null) {
      connector.close();
    }
  }
}
