package dev.lockstep.ps.protocol;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.server.MemoryCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fast workers and a slow one on real threads. The slow one takes a step only when the test lets
 * it; that the fast ones are held is seen from the pull that they wait in, not from a clock.
 */
class ConsistencyTest {

  private static final int V = 3;
  private static final int SLOW = 0;
  private static final int PARAMETERS = FrameLayout.FRAME + 4321;
  private static final int STEPS = 12;
  private static final int SHARDS = 2;
  private static final Duration BOUND = Duration.ofSeconds(60);

  /** Every gradient element is 1 and the rate 1, so θ counts what was applied. */
  private static UpdatePlan counting() {
    return UpdatePlan.uniform(
        new ParameterLayout(List.of(new Block("0_W", 0, 0, PARAMETERS))),
        UpdateRule.of(new Dl4jOptimizer.Sgd(Schedule.fixed(1))),
        new Clipping.None());
  }

  /** Sees what a worker waits in. */
  private static final class Watched implements ShardEndpoint {
    private final ShardEndpoint shard;
    private final BlockingQueue<CompletableFuture<PullReply>> pulls;

    Watched(ShardEndpoint shard, BlockingQueue<CompletableFuture<PullReply>> pulls) {
      this.shard = shard;
      this.pulls = pulls;
    }

    @Override
    public CompletableFuture<Void> push(Push push) {
      return shard.push(push);
    }

    @Override
    public CompletableFuture<PullReply> pull(Pull pull) {
      CompletableFuture<PullReply> answer = shard.pull(pull);
      if (!answer.isDone()) {
        pulls.add(answer);
      }
      return answer;
    }

    @Override
    public CompletableFuture<Void> norms(ShardNorms norms) {
      return shard.norms(norms);
    }
  }

  /** One virtual worker that counts its steps and notes how old its θ was. */
  private static final class Worker {
    private final int v;
    private final Consistency consistency;
    private final ParameterClient client;
    private final Semaphore mayStep;
    final BlockingQueue<CompletableFuture<PullReply>> waits = new LinkedBlockingQueue<>();
    final AtomicInteger pushed = new AtomicInteger();
    final List<Long> versions = new ArrayList<>();
    float[] theta = new float[PARAMETERS];

    Worker(int v, Consistency consistency, MemoryCluster cluster, Semaphore mayStep) {
      this.v = v;
      this.consistency = consistency;
      this.mayStep = mayStep;
      List<Watched> watched =
          cluster.servers.stream().map(server -> new Watched(server, waits)).toList();
      this.client = cluster.client(watched);
    }

    void run() throws InterruptedException {
      float[] gradient = new float[PARAMETERS];
      Arrays.fill(gradient, 1f);
      for (long step = 0; step < STEPS; step++) {
        Pulled pulled = client.pull(required(step), Pull.NO_OUTCOMES, theta);
        versions.add(pulled.version());
        mayStep.acquire();
        client.push(StepKey.of(step, 0), new TreeNode(0, v), Contribution.of(1, 0), gradient);
        pushed.incrementAndGet();
      }
      client.pull(STEPS, Pull.NO_OUTCOMES, theta);
    }

    /** Waits for a pull that cannot be answered; those of earlier waits are answered by now. */
    void awaitBeingHeld() throws InterruptedException {
      CompletableFuture<PullReply> wait;
      do {
        wait = waits.poll(BOUND.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(wait, "virtual worker " + v + " never had to wait");
      } while (wait.isDone());
    }

    private long required(long step) {
      return consistency instanceof Consistency.Async
          ? 0
          : Math.max(0, step - consistency.stepsAhead());
    }
  }

  private final List<Worker> workers = new ArrayList<>();
  private final Semaphore slowMayStep = new Semaphore(0);
  private List<CompletableFuture<Void>> running;

  private MemoryCluster start(Consistency consistency) {
    MemoryCluster cluster =
        new MemoryCluster(
            counting(), V, SHARDS, Protocol.SYNC.with(consistency), new float[PARAMETERS], null, 0);
    for (int v = 0; v < V; v++) {
      workers.add(
          new Worker(v, consistency, cluster, v == SLOW ? slowMayStep : new Semaphore(STEPS)));
    }
    running = workers.stream().map(ConsistencyTest::start).toList();
    return cluster;
  }

  private static CompletableFuture<Void> start(Worker worker) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                worker.run();
                done.complete(null);
              } catch (InterruptedException | RuntimeException | Error e) {
                done.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return done;
  }

  private void awaitEnd() {
    CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
        .orTimeout(BOUND.toSeconds(), TimeUnit.SECONDS)
        .join();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 5})
  void fastWorkersGetExactlyTheStalenessAheadAndNoFurther(int staleness) throws Exception {
    MemoryCluster cluster = start(new Consistency.Bounded(staleness));
    for (int slowSteps = 0; slowSteps < STEPS - staleness - 1; slowSteps++) {
      for (Worker fast : workers.subList(SLOW + 1, V)) {
        // It waits for what the slow worker has not pushed yet.
        fast.awaitBeingHeld();
        assertEquals(slowSteps + staleness + 1, fast.pushed.get());
      }
      assertEquals(slowSteps, workers.get(SLOW).pushed.get());
      slowMayStep.release();
      int pushes = slowSteps + 1;
      await().atMost(BOUND).until(() -> workers.get(SLOW).pushed.get() == pushes);
    }
    slowMayStep.release(STEPS);
    awaitEnd();
    assertEquals(List.of(), cluster.failures);
    for (Worker worker : workers) {
      for (int step = 0; step < STEPS; step++) {
        long version = worker.versions.get(step);
        assertTrue(
            version >= step - staleness && version <= step,
            "step " + step + " was computed on version " + version);
      }
      assertArrayEquals(allOf(-STEPS), worker.theta);
    }
  }

  @Test
  void asynchronousWorkersNeverWaitAndNoPushIsLostOrAppliedTwice() throws Exception {
    MemoryCluster cluster = start(new Consistency.Async(4));
    for (Worker fast : workers.subList(SLOW + 1, V)) {
      // All steps done while the slow worker has not pushed once: it waits for the end alone.
      fast.awaitBeingHeld();
      assertEquals(STEPS, fast.pushed.get());
    }
    assertEquals(0, workers.get(SLOW).pushed.get());
    slowMayStep.release(STEPS);
    awaitEnd();
    assertEquals(List.of(), cluster.failures);
    for (Worker worker : workers) {
      // Quarters are exact, so the order of updates leaves no trace.
      assertArrayEquals(allOf(-STEPS * V / 4f), worker.theta);
    }
  }

  private static float[] allOf(float value) {
    float[] all = new float[PARAMETERS];
    Arrays.fill(all, value);
    return all;
  }
}
