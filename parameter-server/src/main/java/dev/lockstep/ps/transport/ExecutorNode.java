package dev.lockstep.ps.transport;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.ps.client.AttemptAbortedException;
import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.ServerPeers;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.server.ShardServer;
import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.ps.server.ShardSpec;
import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.LeaveMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PullReplyMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.Traffic;
import dev.lockstep.ps.transport.rpc.Transferred;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An executor's part in one attempt: its parameter shard, the port that serves it, links to the
 * other nodes, and the signal that ends all waits. One per (run, attempt) and JVM, shared by the
 * JVM's tasks. Thread-safe.
 *
 * <p>Each task calls, in this order: {@link #acquire}; {@link #address}, exchanged with all other
 * tasks at the rendezvous; {@link #start} with the roster; {@link #client} for its steps; {@link
 * #finish} when it has made its last pull; {@link #close}, always. A task that fails calls {@link
 * #abort} before closing. All tasks of an attempt acquire before any of them starts.
 */
public final class ExecutorNode implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutorNode.class);

  /** How long a node that shuts down waits for its peers to hear its last words. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private final AttemptId id;
  private final AttemptKey key;
  private final String token;
  private final TransportSettings settings;
  private final Traffic traffic = new Traffic();
  private final Payload payload = new Payload();
  private final AbortSignal signal = new AbortSignal();
  private final MessageServer server;
  private final NodeAddress address;
  private final CompletableFuture<Started> started = new CompletableFuture<>();
  private final CompletableFuture<Void> allFinished = new CompletableFuture<>();
  private final CompletableFuture<Void> peersTold = new CompletableFuture<>();

  // Guarded by this.
  private boolean starting;
  private int holds;
  private int finished;
  private boolean closed;
  private boolean shutDown;
  private boolean left;

  ExecutorNode(AttemptId id, String token, TransportSettings settings, String jvmId) {
    this.id = id;
    this.key = id.key();
    this.token = token;
    this.settings = settings;
    this.server = new MessageServer(settings, token, this::receive, traffic);
    this.address = new NodeAddress(jvmId, server.host(), server.port());
    signal.onTrip(this::tripped);
  }

  /** What exists from {@link #start} on. */
  private record Started(
      List<NodeAddress> roster,
      int own,
      FrameLayout layout,
      ShardServer shard,
      LocalShard local,
      MessageConnector connector,
      Map<Integer, Peer> peers,
      Heartbeat heartbeat) {

    void stopAsking() {
      if (heartbeat != null) {
        heartbeat.close();
      }
    }

    void disconnect() {
      stopAsking();
      if (connector != null) {
        connector.close();
      }
    }
  }

  /**
   * This executor's node for an attempt, with Spark's network settings.
   *
   * @param id which attempt
   * @param runToken the run's secret, made by the driver
   */
  public static ExecutorNode acquire(AttemptId id, String runToken) {
    return acquire(id, runToken, TransportSettings.of(SparkEnv.get()));
  }

  /** This JVM's node for an attempt, with settings that count if it is not there yet. */
  public static ExecutorNode acquire(AttemptId id, String runToken, TransportSettings settings) {
    return NodeRegistry.acquire(
        id, runToken, () -> new ExecutorNode(id, runToken, settings, NodeRegistry.JVM_ID));
  }

  /** Which attempt. */
  public AttemptId attempt() {
    return id;
  }

  /** Where this node listens; the same for all tasks of the JVM. */
  public NodeAddress address() {
    return address;
  }

  /** Ends all waits of the attempt in this JVM. */
  public AbortSignal signal() {
    return signal;
  }

  /**
   * Makes this node's parameter shard and connects to all others. The first task of the JVM does
   * it, the others wait for that and return. Blocks for as long as connecting takes.
   *
   * @param roster all nodes, each once, in the same order everywhere ({@link NodeAddress#roster});
   *     a node's place is its parameter shard
   * @param plan updates of all of θ
   * @param virtualWorkers V
   * @param protocol what workers and servers have agreed on
   * @param theta θ to begin with, length P; not kept
   * @param stateOrNull the optimizer's state vectors to continue from, each of length P; not kept;
   *     null to start anew
   * @param firstStep optimizer steps taken before the first one
   * @throws AttemptAbortedException if a peer cannot be reached or the attempt is over
   */
  public void start(
      List<NodeAddress> roster,
      UpdatePlan plan,
      int virtualWorkers,
      Protocol protocol,
      float[] theta,
      float[][] stateOrNull,
      long firstStep)
      throws InterruptedException {
    if (!claimStart(roster, plan, theta)) {
      return;
    }
    try {
      int own = roster.indexOf(address);
      FrameLayout layout =
          new FrameLayout(new ShardLayout(plan.layout().parameters(), roster.size()));
      ShardSpec spec = new ShardSpec(key, layout, own, plan, virtualWorkers, protocol, firstStep);
      ShardServer shard =
          new ShardServer(
              spec,
              Arrays.copyOfRange(theta, spec.begin(), spec.end()),
              cut(stateOrNull, spec.begin(), spec.end()),
              new Peers(),
              server.executor());
      start(roster, own, layout, shard, protocol.rounding().format());
    } catch (InterruptedException | RuntimeException | Error e) {
      abort(e);
      throw e;
    }
  }

  /** Whether the calling task is the one that starts the node; returns once another has. */
  private boolean claimStart(List<NodeAddress> roster, UpdatePlan plan, float[] theta)
      throws InterruptedException {
    signal.check();
    synchronized (this) {
      if (!starting) {
        if (!roster.contains(address)) {
          throw new IllegalArgumentException("roster " + roster + " lacks this node, " + address);
        }
        if (theta.length != plan.layout().parameters()) {
          throw new IllegalArgumentException(
              "theta: length=" + theta.length + " != parameters=" + plan.layout().parameters());
        }
        starting = true;
        return true;
      }
    }
    // A copy: the signal completes what it waits for.
    signal.await(started.copy(), settings.times().waitBound(), "the start of this JVM's node");
    checkSameRoster(roster);
    return false;
  }

  private void start(
      List<NodeAddress> roster, int own, FrameLayout layout, ShardServer shard, WireFormat format)
      throws InterruptedException {
    Map<Integer, Peer> peers = new TreeMap<>();
    MessageConnector connector = null;
    Heartbeat heartbeat = null;
    if (roster.size() > 1) {
      connector = new MessageConnector(settings, traffic);
      try {
        for (int i = 0; i < roster.size(); i++) {
          if (i != own) {
            signal.check();
            peers.put(i, connect(connector, roster.get(i), i, format));
          }
        }
      } catch (IOException | InterruptedException | RuntimeException | Error e) {
        connector.close();
        if (e instanceof InterruptedException interrupted) {
          throw interrupted;
        }
        abort(e);
        signal.check();
      }
      heartbeat = new Heartbeat(peers.values(), settings, this::lost);
    }
    Started now =
        new Started(
            List.copyOf(roster),
            own,
            layout,
            shard,
            new LocalShard(shard, format, payload),
            connector,
            peers,
            heartbeat);
    if (!started.complete(now) || isClosed()) {
      now.disconnect();
      signal.check();
      throw new IllegalStateException(id + " is closed in this JVM");
    }
    for (Peer peer : peers.values()) {
      peer.link().onEnd(() -> lost(peer, "its connection closed"));
    }
    // An abort that came in before there was a shard has nobody else to end it.
    signal.cause().ifPresent(this::tripped);
    signal.check();
  }

  private Peer connect(MessageConnector connector, NodeAddress to, int shard, WireFormat format)
      throws IOException, InterruptedException {
    try {
      return new Peer(to, shard, connector.connect(to.host(), to.port(), token), format, payload);
    } catch (IOException e) {
      throw new IOException(to + " (shard " + shard + "): " + e.getMessage(), e);
    }
  }

  /**
   * A client for one worker thread.
   *
   * @throws IllegalStateException before {@link #start}
   */
  public ParameterClient client() {
    Started now = requireStarted();
    List<ShardEndpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < now.roster.size(); i++) {
      endpoints.add(i == now.own ? now.local : now.peers.get(i).endpoint());
    }
    return new ParameterClient(key, now.layout, endpoints, signal, settings.times().waitBound());
  }

  /**
   * A consistent copy of this node's parameter shard as it is after a step.
   *
   * @param version steps taken; ask before the caller's own push of the last of them
   * @return completes when the shard is there; wait through {@link #signal}
   */
  public CompletableFuture<ShardSnapshot> snapshotAt(long version) {
    return requireStarted().shard.snapshotAt(version);
  }

  /**
   * Says that the calling task needs nothing more, and waits until all tasks of all nodes have said
   * so: until then others may still pull from this node. Called once by each task.
   *
   * @throws AttemptAbortedException if the attempt is over before
   */
  public void finish() throws InterruptedException {
    Started now = requireStarted();
    boolean last;
    synchronized (this) {
      last = ++finished == holds;
    }
    if (last) {
      List<CompletableFuture<Void>> farewells = new ArrayList<>();
      for (Peer peer : now.peers.values()) {
        farewells.add(
            peer.sendFarewell(key, now.own)
                .exceptionally(
                    failure -> {
                      // It may be gone before it acknowledges: if it had not departed, it is lost.
                      lost(peer, "farewell: " + Wire.describe(failure));
                      return null;
                    }));
        farewells.add(peer.departed());
      }
      CompletableFuture<Void> unused =
          CompletableFuture.allOf(farewells.toArray(CompletableFuture[]::new))
              .thenRun(() -> allFinished.complete(null));
    }
    // A copy: the signal completes what it waits for.
    signal.await(allFinished.copy(), settings.times().waitBound(), "the end of all workers' steps");
  }

  /**
   * Ends the attempt: every wait here and on all other nodes ends with this cause. The first cause
   * counts.
   */
  public void abort(Throwable cause) {
    signal.trip(new AttemptAbortedException(id + " aborted: " + Wire.describe(cause), cause));
  }

  /** Bytes of messages moved through sockets. */
  public Transferred transferred() {
    return traffic.total();
  }

  /** What the workers of this JVM exchanged with all parameter shards so far. */
  public Exchanged exchanged() {
    return payload.total();
  }

  /**
   * Drops the calling task's hold; the last one frees the port, the connections and the threads
   * (the network threads end within a few seconds). A task that has not finished ends the attempt
   * by closing.
   */
  @Override
  public void close() {
    boolean early;
    synchronized (this) {
      early = started.isDone() && finished < holds && !allFinished.isDone();
    }
    if (early) {
      abort(new IllegalStateException("a task on " + address + " closed before its end"));
    }
    if (NodeRegistry.release(this)) {
      shutDown();
    }
  }

  /** Counts one task more. */
  synchronized void retain(String runToken) {
    if (!token.equals(runToken)) {
      throw new IllegalArgumentException(id + ": wrong run token");
    }
    if (closed) {
      throw new IllegalStateException(id + " is closed in this JVM");
    }
    holds++;
  }

  /** Counts one task less. Returns whether it was the last. */
  synchronized boolean drop() {
    if (holds == 0) {
      return false;
    }
    holds--;
    closed = holds == 0;
    return closed;
  }

  /** Frees everything, whoever still holds the node. */
  void shutDown() {
    synchronized (this) {
      closed = true;
      if (shutDown) {
        return;
      }
      shutDown = true;
    }
    Started now = started.isCompletedExceptionally() ? null : started.getNow(null);
    if (now != null) {
      boolean aborted = signal.cause().isPresent();
      now.stopAsking();
      if (aborted) {
        tellBeforeLeaving();
      }
      now.disconnect();
      if (!aborted) {
        server.awaitSilence(LINGER);
      }
    }
    server.close();
    synchronized (this) {
      left = true;
    }
    signal.trip(new AttemptAbortedException(id + " is closed in this JVM", null));
  }

  /** Peers that see the connection end before they hear why would blame this node. */
  private void tellBeforeLeaving() {
    try {
      peersTold.get(LINGER.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("{}: a peer was not told of the abort", id, e);
    }
  }

  private synchronized boolean hasLeft() {
    return left;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void checkSameRoster(List<NodeAddress> roster) {
    if (!roster.equals(requireStarted().roster)) {
      throw new IllegalArgumentException(
          "roster "
              + roster
              + " != roster "
              + requireStarted().roster
              + " of this JVM's first task");
    }
  }

  private Started requireStarted() {
    signal.check();
    Started now = started.getNow(null);
    if (now == null) {
      throw new IllegalStateException(id + " has not started in this JVM");
    }
    return now;
  }

  private static float[][] cut(float[][] vectorsOrNull, int begin, int end) {
    return vectorsOrNull == null
        ? null
        : Arrays.stream(vectorsOrNull)
            .map(vector -> Arrays.copyOfRange(vector, begin, end))
            .toArray(float[][]::new);
  }

  private void lost(Peer peer, String why) {
    if (!isClosed() && !peer.departed().isDone()) {
      abort(new IOException("lost " + peer.describe() + ": " + why));
    }
  }

  /** Runs on the thread that trips the signal. */
  private void tripped(Throwable why) {
    Started now = started.getNow(null);
    if (now == null) {
      started.completeExceptionally(why);
      return;
    }
    // Even if the task that closes the node has woken up already: it waits until all are told.
    if (hasLeft()) {
      return;
    }
    LOG.warn("{}", why.getMessage());
    now.stopAsking();
    now.shard.fail(why);
    String reason =
        address + " says: " + Wire.describe(why.getCause() == null ? why : why.getCause());
    List<CompletableFuture<Void>> told = new ArrayList<>();
    for (Peer peer : now.peers.values()) {
      told.add(peer.sendAbort(key, reason).exceptionally(failure -> null));
    }
    CompletableFuture<Void> unused =
        CompletableFuture.allOf(told.toArray(CompletableFuture[]::new))
            .thenRun(() -> peersTold.complete(null));
  }

  /** Answers a message; runs on a handler thread. Whatever comes before start waits for it. */
  private CompletableFuture<ByteBuffer> receive(
      ByteBuffer request, IntFunction<ByteBuffer> memory) {
    MessageType type = MessageType.of(request);
    switch (type) {
      case PUSH -> {
        var push = PushMessage.decode(request);
        fence(type, push.attempt());
        return acknowledge(started.thenCompose(now -> now.shard.push(push)));
      }
      case PULL -> {
        PullMessage pull = PullMessage.decode(request);
        fence(type, pull.attempt());
        ByteBuffer answer = PullReplyMessage.prepare(pull, memory);
        return started
            .thenCompose(now -> now.shard.pull(pull.into(PullReplyMessage.destination(answer))))
            .thenApply(reply -> PullReplyMessage.encode(answer, reply));
      }
      case NORMS -> {
        ShardNorms norms = NormsMessage.decode(request);
        fence(type, norms.attempt());
        return acknowledge(started.thenCompose(now -> now.shard.norms(norms)));
      }
      case ABORT -> {
        AbortMessage message = AbortMessage.decode(request);
        fence(type, message.attempt());
        abort(new AttemptAbortedException(message.reason(), null));
        return CompletableFuture.completedFuture(Ack.encode());
      }
      case FAREWELL -> {
        LeaveMessage message = LeaveMessage.decode(request);
        fence(type, message.attempt());
        return acknowledge(started.thenAccept(now -> depart(now, message.shard())));
      }
      default -> throw new MessageException("message of type " + type + " refused: not a request");
    }
  }

  private static void depart(Started now, int shard) {
    Peer peer = now.peers.get(shard);
    if (peer == null) {
      throw new MessageException("farewell of shard " + shard + " refused: no such peer");
    }
    peer.departed().complete(null);
  }

  private void fence(MessageType type, AttemptKey attempt) {
    if (!attempt.equals(key)) {
      throw new MessageException(type + " of " + attempt + " refused: this is " + key);
    }
  }

  private static CompletableFuture<ByteBuffer> acknowledge(CompletableFuture<Void> taken) {
    return taken.thenApply(nothing -> Ack.encode());
  }

  /** What the shard sees of the others. */
  private final class Peers implements ServerPeers {

    @Override
    public void publish(ShardNorms norms) {
      // There are pushes, and so norms, from the start on only.
      Started now = requireStarted();
      now.peers.forEach(
          (shard, peer) -> {
            if (now.layout.frames(shard) > 0) {
              CompletableFuture<Void> unused =
                  peer.endpoint()
                      .norms(norms)
                      .whenComplete(
                          (nothing, failure) -> {
                            // Who has departed had all that it needed: only the answer is lost.
                            if (failure != null && !peer.departed().isDone()) {
                              abort(failure);
                            }
                          });
            }
          });
    }

    @Override
    public void failed(Throwable cause) {
      abort(cause);
    }
  }
}
