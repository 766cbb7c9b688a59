package dev.lockstep.ps.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.client.AttemptAbortedException;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LostPeerTest {

  private static final int PARAMETERS = 200_000;
  private static final int ENDLESS = 1_000_000;
  private static final Duration BOUND = Duration.ofSeconds(15);
  private static final TransportSettings DEFAULT = TransportSettings.loopback();

  private final ExecutorService worker = Executors.newSingleThreadExecutor();

  @AfterEach
  void end() {
    worker.shutdownNow();
  }

  @Test
  void jvmsOfTheirOwnAgreeOnTheBits() throws Exception {
    SimulatedTraining training = PeerMain.training(PARAMETERS, 4, 3);
    Duration silence = DEFAULT.times().silence();
    try (PeerMain.Child one = new PeerMain.Child(training, 1, 2, silence);
        PeerMain.Child two = new PeerMain.Child(training, 2, 3, silence)) {
      ExecutorNode node =
          ExecutorNode.acquire(PeerMain.ATTEMPT, SocketCluster.TOKEN, DEFAULT.withSilence(silence));
      Future<SimulatedTraining.Result> here = begin(training, node, one, two);
      float[] expected = training.expectedTheta();
      assertTrue(Arrays.equals(expected, here.get(60, TimeUnit.SECONDS).theta()));
      String hash = "done " + Arrays.hashCode(expected);
      assertEquals(hash, one.outcome(60));
      assertEquals(hash, two.outcome(60));
      assertTrue(node.transferred().in() > 4L * PARAMETERS, node.transferred().toString());
    }
  }

  @Test
  void aKilledJvmEndsAllWaitsAtOnce() throws Exception {
    endsAllWaits(
        PeerMain.Child::kill,
        DEFAULT.times().silence(),
        Duration.ofSeconds(5),
        ": its connection closed");
  }

  @Test
  void aHungJvmEndsAllWaitsWithinFifteenSeconds() throws Exception {
    Duration silence = Duration.ofSeconds(2);
    Duration bound = silence.plusSeconds(7);
    endsAllWaits(PeerMain.Child::hang, silence, bound, ": no answer for 2.0 s");
    assertEquals(BOUND, bound.minus(silence).plus(DEFAULT.times().silence()));
  }

  private void endsAllWaits(Fault fault, Duration silence, Duration bound, String why)
      throws Exception {
    SimulatedTraining training = PeerMain.training(PARAMETERS, ENDLESS, 3);
    try (PeerMain.Child survivor = new PeerMain.Child(training, 1, 2, silence);
        PeerMain.Child victim = new PeerMain.Child(training, 2, 3, silence)) {
      ExecutorNode node =
          ExecutorNode.acquire(PeerMain.ATTEMPT, SocketCluster.TOKEN, DEFAULT.withSilence(silence));
      Future<SimulatedTraining.Result> here = begin(training, node, survivor, victim);
      await().atMost(BOUND).until(() -> node.transferred().in() > 40L * PARAMETERS);
      long began = System.nanoTime();
      fault.injectInto(victim);
      Throwable end =
          assertThrows(
                  ExecutionException.class, () -> here.get(bound.toMillis(), TimeUnit.MILLISECONDS))
              .getCause();
      String there = survivor.outcome(bound.toSeconds());
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertTrue(took.compareTo(bound) < 0, took.toString());
      assertEquals(AttemptAbortedException.class, end.getClass());
      String lost = "lost " + victim.address() + " (shard 2)" + why;
      for (String message : List.of(end.getMessage(), there)) {
        assertTrue(message.contains("attempt 0 of run run-1 aborted: "), message);
        assertTrue(message.contains(lost), message);
      }
    }
  }

  private interface Fault {
    void injectInto(PeerMain.Child victim) throws IOException, InterruptedException;
  }

  private Future<SimulatedTraining.Result> begin(
      SimulatedTraining training, ExecutorNode node, PeerMain.Child one, PeerMain.Child two)
      throws IOException {
    List<NodeAddress> roster = List.of(node.address(), one.address(), two.address());
    one.begin(roster);
    two.begin(roster);
    return worker.submit(
        () -> {
          try (node) {
            node.start(
                roster,
                training.plan(),
                3,
                Protocol.SYNC,
                ShardSource.of(ModelState.fresh(training.theta())),
                0);
            SimulatedTraining.Result result = training.work(node.client(), 0, 1);
            node.finish();
            return result;
          }
        });
  }
}
