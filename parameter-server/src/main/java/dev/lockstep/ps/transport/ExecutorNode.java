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
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.server.ShardServer;
import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.server.ShardSpec;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.Traffic;
import dev.lockstep.ps.transport.rpc.Transferred;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

  /** How long a node that shuts down waits for its peers to take its last messages. */
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

  private final TaskHolds holds = new TaskHolds();

  // Guarded by this.
  private boolean starting;
  private boolean shutDown;
  private boolean left;

  ExecutorNode(AttemptId id, String token, TransportSettings settings, String jvmId) {
    this.id = id;
    this.key = id.key();
    this.token = token;
    this.settings = settings;
    ShardRequests requests =
        new ShardRequests(
            key,
            started.thenApply(now -> new ShardRequests.Target(now.shard, now.peers)),
            reason -> abort(new AttemptAbortedException(reason, null)));
    this.server = new MessageServer(settings, token, requests, traffic);
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
      PeerGroup peers) {}

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
   * @param source asked once for the range of this node's shard
   * @param firstStep optimizer steps taken before the first one
   * @throws AttemptAbortedException if a peer cannot be reached or the attempt is over
   */
  public void start(
      List<NodeAddress> roster,
      UpdatePlan plan,
      int virtualWorkers,
      Protocol protocol,
      ShardSource source,
      long firstStep)
      throws InterruptedException {
    if (!claimStart(roster)) {
      return;
    }
    try {
      int own = roster.indexOf(address);
      FrameLayout layout =
          new FrameLayout(new ShardLayout(plan.layout().parameters(), roster.size()));
      ShardSpec spec = new ShardSpec(key, layout, own, plan, virtualWorkers, protocol, firstStep);
      PeerGroup peers = new PeerGroup(key, own, layout, this::abort);
      ShardServer shard =
          new ShardServer(spec, source.read(spec.begin(), spec.end()), peers, server.executor());
      WireFormat format = protocol.rounding().format();
      connect(
          new Started(
              List.copyOf(roster),
              own,
              layout,
              shard,
              new LocalShard(shard, format, payload),
              peers),
          format);
    } catch (InterruptedException | RuntimeException | Error e) {
      abort(e);
      throw e;
    }
  }

  /** Whether the calling task is the one that starts the node; returns once another has. */
  private boolean claimStart(List<NodeAddress> roster) throws InterruptedException {
    signal.check();
    synchronized (this) {
      if (!starting) {
        if (!roster.contains(address)) {
          throw new IllegalArgumentException("roster " + roster + " lacks this node, " + address);
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

  private void connect(Started now, WireFormat format) throws InterruptedException {
    if (now.roster.size() > 1) {
      try {
        now.peers.connect(
            now.roster,
            new MessageConnector(settings, traffic),
            (connector, to, shard) -> {
              signal.check();
              MessageLink link = connector.connect(to.host(), to.port(), token);
              return new Peer(to, shard, link, format, payload);
            });
      } catch (IOException e) {
        abort(e);
        signal.check();
      }
    }
    if (!started.complete(now) || holds.isClosed()) {
      now.peers.close();
      signal.check();
      throw new IllegalStateException(id + " is closed in this JVM");
    }
    now.peers.watch(settings.times().pingEvery(), settings.times().silence());
    // An abort that came in before there was a shard has nobody else to end it.
    signal.cause().ifPresent(this::tripped);
    signal.check();
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
      endpoints.add(i == now.own ? now.local : now.peers.endpoint(i));
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
    if (holds.finish()) {
      CompletableFuture<Void> unused = now.peers.leave().thenRun(() -> allFinished.complete(null));
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
    if (started.isDone() && holds.hasUnfinished() && !allFinished.isDone()) {
      abort(new IllegalStateException("a task on " + address + " closed before its end"));
    }
    if (NodeRegistry.release(this)) {
      shutDown();
    }
  }

  /** Counts one task more. */
  void retain(String runToken) {
    if (!token.equals(runToken)) {
      throw new IllegalArgumentException(id + ": wrong run token");
    }
    if (!holds.add()) {
      throw new IllegalStateException(id + " is closed in this JVM");
    }
  }

  /** Counts one task less. Returns whether it was the last. */
  boolean drop() {
    return holds.drop();
  }

  /** Frees everything, although tasks may still hold the node. */
  void shutDown() {
    holds.close();
    synchronized (this) {
      if (shutDown) {
        return;
      }
      shutDown = true;
    }
    Started now = started.isCompletedExceptionally() ? null : started.getNow(null);
    if (now != null) {
      boolean aborted = signal.cause().isPresent();
      now.peers.stopWatching();
      if (aborted) {
        now.peers.awaitAbortSent(LINGER);
      }
      now.peers.close();
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

  private synchronized boolean hasLeft() {
    return left;
  }

  private void checkSameRoster(List<NodeAddress> roster) {
    if (!roster.equals(requireStarted().roster)) {
      throw new IllegalArgumentException(
          "roster %s != roster %s of this JVM's first task"
              .formatted(roster, requireStarted().roster));
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
    now.peers.stopWatching();
    now.shard.fail(why);
    now.peers.sendAbort(
        address + " says: " + Wire.describe(why.getCause() == null ? why : why.getCause()));
  }
}
