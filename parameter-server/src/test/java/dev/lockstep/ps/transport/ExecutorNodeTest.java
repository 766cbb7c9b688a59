package dev.lockstep.ps.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.client.AttemptAbortedException;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.FrameCodec;
import dev.lockstep.ps.transport.message.LeaveMessage;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.Transferred;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExecutorNodeTest {

  private static final int PARAMETERS = 2 * FrameLayout.FRAME + 3 * ShardLayout.CHUNK + 77;
  private static final int V = 5;
  private static final TransportSettings SETTINGS = TransportSettings.loopback();
  private static final Duration SOON = Duration.ofSeconds(15);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void sameBitsOverSocketsAsInThePlainestComputation(int nodes) throws Exception {
    for (Clipping clipping : List.of(new Clipping.None(), new Clipping.GlobalNorm(0.5))) {
      SimulatedTraining training = new SimulatedTraining(21, PARAMETERS, V, 3, clipping);
      for (int workers : nodes < V ? new int[] {nodes, V} : new int[] {V}) {
        try (SocketCluster cluster = new SocketCluster(training, nodes, SETTINGS)) {
          for (SimulatedTraining.Result result : Workers.run(cluster.tasks(workers))) {
            assertArrayEquals(training.expectedTheta(), result.theta());
          }
          for (ExecutorNode node : cluster.nodes) {
            Transferred bytes = node.transferred();
            assertEquals(nodes > 1, bytes.in() > PARAMETERS && bytes.out() > PARAMETERS);
            assertTrue(nodes > 1 || bytes.equals(new Transferred(0, 0)));
          }
        }
      }
    }
  }

  @Test
  void requestsThatComeBeforeStartWaitForIt() throws Exception {
    SimulatedTraining training = new SimulatedTraining(22, PARAMETERS, 2, 2, new Clipping.None());
    try (SocketCluster cluster = new SocketCluster(training, 2, SETTINGS)) {
      List<Callable<SimulatedTraining.Result>> tasks = cluster.tasks(2);
      CompletableFuture<SimulatedTraining.Result> early = inBackground(tasks.get(0));
      await().atMost(SOON).until(() -> cluster.nodes.get(1).transferred().in() > PARAMETERS);
      assertFalse(early.isDone());
      SimulatedTraining.Result late = tasks.get(1).call();
      assertArrayEquals(late.theta(), early.get(15, TimeUnit.SECONDS).theta());
      assertArrayEquals(training.expectedTheta(), late.theta());
    }
  }

  @Test
  void anAbortOnOneNodeEndsTheWaitsOfAll() throws Exception {
    SimulatedTraining training = new SimulatedTraining(23, 9000, 3, 2, new Clipping.None());
    try (SocketCluster cluster = new SocketCluster(training, 3, SETTINGS)) {
      List<Callable<SimulatedTraining.Result>> tasks = cluster.tasks(3);
      CompletableFuture<SimulatedTraining.Result> one = inBackground(tasks.get(0));
      CompletableFuture<SimulatedTraining.Result> two = inBackground(tasks.get(1));
      ExecutorNode third = cluster.nodes.get(2);
      cluster.start(third);
      third.abort(new IllegalArgumentException("NaN in data"));
      for (CompletableFuture<SimulatedTraining.Result> task : List.of(one, two)) {
        String message = failure(task);
        assertTrue(message.contains("attempt 0 of run run-1 aborted: "), message);
        assertTrue(message.contains(third.address().toString()), message);
        assertTrue(message.contains("NaN in data"), message);
      }
      assertTrue(
          assertThrows(AttemptAbortedException.class, third::client)
              .getMessage()
              .contains("attempt 0 of run run-1 aborted: NaN in data"));
    }
  }

  @Test
  void aTaskThatClosesBeforeItsEndEndsTheAttempt() throws Exception {
    SimulatedTraining training = new SimulatedTraining(24, 9000, 2, 2, new Clipping.None());
    try (SocketCluster cluster = new SocketCluster(training, 2, SETTINGS)) {
      List<Callable<SimulatedTraining.Result>> tasks = cluster.tasks(2);
      CompletableFuture<SimulatedTraining.Result> one = inBackground(tasks.get(0));
      cluster.start(cluster.nodes.get(1));
      cluster.nodes.get(1).close();
      String message = failure(one);
      assertTrue(
          message.contains("closed before its end") || message.contains("its connection closed"),
          message);
      assertTrue(message.contains("jvm-1"), message);
    }
  }

  @Test
  void aWaitThatLastsTooLongSaysWhatItWaitedFor() throws Exception {
    SimulatedTraining training = new SimulatedTraining(25, 9000, 2, 2, new Clipping.None());
    TransportSettings impatient =
        SETTINGS.withTimes(
            new TransportSettings.Times(
                Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(2)));
    try (SocketCluster cluster = new SocketCluster(training, 2, impatient)) {
      List<Callable<SimulatedTraining.Result>> tasks = cluster.tasks(2);
      CompletableFuture<SimulatedTraining.Result> one = inBackground(tasks.get(0));
      cluster.start(cluster.nodes.get(1));
      String message = failure(one);
      assertTrue(message.startsWith("pull of version 1, shard "), message);
      assertTrue(message.endsWith("no answer within 2.0 s"), message);
    }
  }

  @Test
  void aNodeWithAnotherTokenIsNotLetIn() throws Exception {
    SimulatedTraining training = new SimulatedTraining(26, 9000, 2, 2, new Clipping.None());
    AttemptId id = new AttemptId("run-1", 0);
    ExecutorNode honest = new ExecutorNode(id, "token", SETTINGS, "jvm-0");
    ExecutorNode stranger = new ExecutorNode(id, "guess", SETTINGS, "jvm-1");
    try {
      List<NodeAddress> roster = List.of(honest.address(), stranger.address());
      String message =
          assertThrows(
                  AttemptAbortedException.class,
                  () ->
                      stranger.start(
                          roster,
                          training.plan(),
                          2,
                          Protocol.SYNC,
                          ShardSource.of(ModelState.fresh(training.theta())),
                          0))
              .getMessage();
      assertTrue(message.contains("connection refused: wrong run token"), message);
      assertTrue(message.contains(honest.address() + " (shard 0)"), message);
    } finally {
      honest.shutDown();
      stranger.shutDown();
    }
  }

  @Test
  void messagesOfAnOlderAttemptAndMalformedOnesAreRefused() throws Exception {
    AttemptId now = new AttemptId("run-1", 1);
    AttemptId before = new AttemptId("run-1", 0);
    ExecutorNode node = new ExecutorNode(now, "token", SETTINGS, "jvm-0");
    MessageConnector zombie = new MessageConnector(SETTINGS);
    try (zombie;
        MessageLink link = zombie.connect(node.address().host(), node.address().port(), "token")) {
      FloatBuffer floats = FloatBuffer.allocate(1);
      Push push =
          new Push(
              before.key(), StepKey.of(0, 0), new TreeNode(0, 0), 0, Contribution.of(1, 0), floats);
      for (ByteBuffer message :
          List.of(
              PushMessage.encode(
                  push, FrameCodec.of(push.gradient(), WireFormat.FLOAT32), Wire::allocate),
              PullMessage.of(new Pull(before.key(), 1, 0, Pull.NO_OUTCOMES, floats)).encode(),
              new AbortMessage(before.key(), "old news").encode(),
              new LeaveMessage(before.key(), 0).encode())) {
        MessageType type = MessageType.of(message);
        CompletableFuture<Void> answer = link.request(message, Ack::check);
        assertEquals(
            type + " of " + before.key() + " refused: this is " + now.key(),
            assertThrows(ExecutionException.class, () -> answer.get(15, TimeUnit.SECONDS))
                .getCause()
                .getMessage());
      }
      for (ByteBuffer message :
          List.of(
              ByteBuffer.wrap(new byte[] {0, 1}),
              ByteBuffer.allocate(0),
              Ack.encode(),
              PushMessage.encode(
                      push, FrameCodec.of(push.gradient(), WireFormat.FLOAT32), Wire::allocate)
                  .putInt(72, -1))) {
        CompletableFuture<Void> answer = link.request(message, Ack::check);
        String refusal =
            assertThrows(ExecutionException.class, () -> answer.get(15, TimeUnit.SECONDS))
                .getCause()
                .getMessage();
        assertTrue(refusal.contains("refused") || refusal.contains("floats=-1"), refusal);
      }
      assertTrue(node.signal().cause().isEmpty());
    } finally {
      node.shutDown();
    }
  }

  @Test
  void tasksOfOneJvmShareTheirNodeAndRunsDoNotMeet() throws Exception {
    SimulatedTraining training = new SimulatedTraining(27, 9000, 4, 5, new Clipping.None());
    SimulatedTraining other = new SimulatedTraining(28, 9000, 4, 5, new Clipping.None());
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    tasks.addAll(tasksOf(new AttemptId("one", 0), training, 2));
    tasks.addAll(tasksOf(new AttemptId("two", 0), other, 2));
    List<SimulatedTraining.Result> results = Workers.run(tasks);
    assertArrayEquals(training.expectedTheta(), results.get(0).theta());
    assertArrayEquals(training.expectedTheta(), results.get(1).theta());
    assertArrayEquals(other.expectedTheta(), results.get(2).theta());
    assertArrayEquals(other.expectedTheta(), results.get(3).theta());
  }

  private static List<Callable<SimulatedTraining.Result>> tasksOf(
      AttemptId id, SimulatedTraining training, int workers) {
    int[] spans = Workers.spans(training.virtualWorkers(), workers);
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    List<ExecutorNode> nodes = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      ExecutorNode node = ExecutorNode.acquire(id, "token", SETTINGS);
      nodes.add(node);
      assertSame(nodes.get(0), node);
      int from = spans[w];
      int to = spans[w + 1];
      tasks.add(
          () -> {
            try (node) {
              List<NodeAddress> roster =
                  NodeAddress.roster(nodes.stream().map(ExecutorNode::address).toList());
              node.start(
                  roster,
                  training.plan(),
                  4,
                  Protocol.SYNC,
                  ShardSource.of(ModelState.fresh(training.theta())),
                  0);
              SimulatedTraining.Result result = training.work(node.client(), from, to);
              assertEquals(training.steps(), node.snapshotAt(training.steps()).join().step());
              node.finish();
              return result;
            }
          });
    }
    return tasks;
  }

  @Test
  void aNewAttemptFencesTheOlderOneInItsJvm() {
    ExecutorNode old = ExecutorNode.acquire(new AttemptId("fenced", 0), "token", SETTINGS);
    ExecutorNode now = ExecutorNode.acquire(new AttemptId("fenced", 1), "token", SETTINGS);
    try (old;
        now) {
      assertEquals(
          "attempt 0 of run fenced aborted: attempt 1 of run fenced has begun",
          old.signal().cause().orElseThrow().getMessage());
      assertTrue(now.signal().cause().isEmpty());
      assertEquals(
          "attempt 0 of run fenced is over: attempt 1 of run fenced has begun in this JVM",
          assertThrows(
                  IllegalStateException.class,
                  () -> ExecutorNode.acquire(new AttemptId("fenced", 0), "token", SETTINGS))
              .getMessage());
      assertEquals(
          "attempt 1 of run fenced: wrong run token",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> ExecutorNode.acquire(new AttemptId("fenced", 1), "guess", SETTINGS))
              .getMessage());
    }
  }

  @Test
  void aRosterThatDoesNotFitIsRefused() throws Exception {
    SimulatedTraining training = new SimulatedTraining(29, 9000, 2, 2, new Clipping.None());
    NodeAddress elsewhere = new NodeAddress("jvm-x", "127.0.0.1", 9);
    ExecutorNode node = ExecutorNode.acquire(new AttemptId("roster", 0), "token", SETTINGS);
    try (node) {
      assertTrue(
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      node.start(
                          List.of(elsewhere),
                          training.plan(),
                          2,
                          Protocol.SYNC,
                          ShardSource.of(ModelState.fresh(training.theta())),
                          0))
              .getMessage()
              .contains("lacks this node"));
      assertEquals(
          "attempt 0 of run roster has not started in this JVM",
          assertThrows(IllegalStateException.class, node::client).getMessage());
      node.start(
          List.of(node.address()),
          training.plan(),
          2,
          Protocol.SYNC,
          ShardSource.of(ModelState.fresh(training.theta())),
          0);
      assertTrue(
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      node.start(
                          List.of(elsewhere),
                          training.plan(),
                          2,
                          Protocol.SYNC,
                          ShardSource.of(ModelState.fresh(training.theta())),
                          0))
              .getMessage()
              .contains("of this JVM's first task"));
    }
  }

  @Test
  void nothingIsLeftAfterClose() throws Exception {
    SimulatedTraining training =
        new SimulatedTraining(30, PARAMETERS, 2, 2, new Clipping.GlobalNorm(1));
    long direct = 0;
    for (int round = 0; round < 6; round++) {
      List<Integer> ports;
      try (SocketCluster cluster = new SocketCluster(training, 2, SETTINGS)) {
        ports = cluster.roster().stream().map(NodeAddress::port).toList();
        Workers.run(cluster.tasks(2));
      }
      for (int port : ports) {
        await().atMost(SOON).until(() -> isFree(port));
      }
      // The first rounds fill the arenas that Spark shares between all transports of a JVM.
      if (round == 2) {
        direct = PlatformDependent.usedDirectMemory();
      }
    }
    assertTrue(
        PlatformDependent.usedDirectMemory() <= direct + (8 << 20),
        "direct memory grew from " + direct + " to " + PlatformDependent.usedDirectMemory());
    await().atMost(SOON).until(ExecutorNodeTest::lockstepThreads, List.of()::equals);
  }

  private static boolean isFree(int port) throws IOException {
    try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return taken.isBound();
    } catch (BindException e) {
      return false;
    }
  }

  private static List<String> lockstepThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("lockstep"))
        .toList();
  }

  private static <T> CompletableFuture<T> inBackground(Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(task.call());
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  private static String failure(CompletableFuture<?> task) {
    return assertThrows(ExecutionException.class, () -> task.get(15, TimeUnit.SECONDS))
        .getCause()
        .getMessage();
  }
}
