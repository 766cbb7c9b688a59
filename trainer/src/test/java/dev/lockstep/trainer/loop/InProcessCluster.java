package dev.lockstep.trainer.loop;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.ServerPeers;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.server.ShardServer;
import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.ps.server.ShardSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The parameter servers of a training in this JVM, without sockets or Spark, and {@link #run} for
 * worker loops on threads of their own. Thread-safe.
 */
public final class InProcessCluster {

  private static final AttemptKey ATTEMPT = new AttemptId("run-1", 0).key();

  private final AbortSignal signal = new AbortSignal();
  private final FrameLayout layout;
  private final List<ShardServer> servers = new ArrayList<>();

  /** The latest version that was pulled. */
  private final AtomicLong pulled = new AtomicLong();

  /**
   * One synchronous server before its first round.
   *
   * @param vector initial parameters
   * @param stateOrNull initial optimizer state; null for a fresh one
   * @param version steps taken already
   */
  public InProcessCluster(
      int virtualWorkers, UpdatePlan plan, float[] vector, float[][] stateOrNull, long version) {
    this(Protocol.SYNC, virtualWorkers, plan, vector, stateOrNull, version);
  }

  InProcessCluster(
      Protocol protocol,
      int virtualWorkers,
      UpdatePlan plan,
      float[] vector,
      float[][] stateOrNull,
      long version) {
    this(1, protocol, virtualWorkers, plan, vector, stateOrNull, version);
  }

  /** Any number of servers. */
  public InProcessCluster(
      int shards,
      Protocol protocol,
      int virtualWorkers,
      UpdatePlan plan,
      float[] vector,
      float[][] stateOrNull,
      long version) {
    layout = new FrameLayout(new ShardLayout(vector.length, shards));
    for (int shard = 0; shard < shards; shard++) {
      int begin = layout.shards().begin(shard);
      int end = layout.shards().end(shard);
      servers.add(
          new ShardServer(
              new ShardSpec(ATTEMPT, layout, shard, plan, virtualWorkers, protocol, version),
              new ModelState(vector, stateOrNull).range(begin, end),
              new Peers(),
              Runnable::run));
    }
  }

  private final class Peers implements ServerPeers {
    @Override
    public void publish(ShardNorms norms) {
      for (int shard = 0; shard < servers.size(); shard++) {
        if (shard != norms.shard() && layout.frames(shard) > 0) {
          servers.get(shard).norms(norms).join();
        }
      }
    }

    @Override
    public void failed(Throwable cause) {
      boolean first = signal.trip(cause);
      assert first || signal.cause().isPresent();
    }
  }

  /** The parameters of the latest version that was pulled. */
  public float[] vector() {
    float[] vector = new float[layout.shards().parameters()];
    exchange().pull(pulled.get(), Pull.NO_OUTCOMES, vector);
    return vector;
  }

  /** What a server will hold after so many steps in all; to be called before they are complete. */
  public Future<ShardSnapshot> snapshotAt(int shard, long version) {
    return servers.get(shard).snapshotAt(version);
  }

  /** Runs workers to their end. */
  static void run(List<Runnable> workers) {
    ExecutorService threads = Executors.newFixedThreadPool(workers.size());
    try {
      List<Future<?>> running = new ArrayList<>();
      workers.forEach(worker -> running.add(threads.submit(worker)));
      for (Future<?> one : running) {
        one.get(60, TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** A worker's view of the servers. */
  public GradientExchange exchange() {
    ParameterClient client =
        new ParameterClient(ATTEMPT, layout, servers, signal, Duration.ofSeconds(60));
    return new GradientExchange() {
      @Override
      public void push(StepKey when, TreeNode node, Contribution sums, float[] vector) {
        try {
          client.push(when, node, sums, vector);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }

      @Override
      public Pulled pull(long version, long outcomesFrom, float[] vector) {
        try {
          Pulled answer = client.pull(version, outcomesFrom, vector);
          pulled.accumulateAndGet(answer.version(), Math::max);
          return answer;
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    };
  }
}
