package dev.lockstep.trainer.loop;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.layout.ShardLayout;
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

/** Workers on threads of their own, and one parameter server between them. */
public final class LoopCluster {

  private static final AttemptKey ATTEMPT = new AttemptId("run-1", 0).key();

  private final AbortSignal signal = new AbortSignal();
  private final FrameLayout layout;
  private final ShardServer server;

  /** The latest version that anyone has seen. */
  private final AtomicLong pulled = new AtomicLong();

  /**
   * A synchronous server before its first round.
   *
   * @param plan of the server
   * @param vector it begins with
   * @param stateOrNull of its optimizer
   * @param version it begins with
   */
  public LoopCluster(
      int virtualWorkers, UpdatePlan plan, float[] vector, float[][] stateOrNull, long version) {
    this(Protocol.SYNC, virtualWorkers, plan, vector, stateOrNull, version);
  }

  LoopCluster(
      Protocol protocol,
      int virtualWorkers,
      UpdatePlan plan,
      float[] vector,
      float[][] stateOrNull,
      long version) {
    layout = new FrameLayout(new ShardLayout(vector.length, 1));
    server =
        new ShardServer(
            new ShardSpec(ATTEMPT, layout, 0, plan, virtualWorkers, protocol, version),
            vector.clone(),
            stateOrNull,
            new Alone(),
            Runnable::run);
  }

  private final class Alone implements ServerPeers {
    @Override
    public void publish(ShardNorms norms) {}

    @Override
    public void failed(Throwable cause) {
      boolean first = signal.trip(cause);
      assert first || signal.cause().isPresent();
    }
  }

  /** What the server holds. */
  public float[] vector() {
    float[] vector = new float[layout.shards().parameters()];
    exchange().pull(pulled.get(), Pull.NO_OUTCOMES, vector);
    return vector;
  }

  /** What the server will hold after so many of its steps; ask before they are complete. */
  Future<ShardSnapshot> snapshotAt(long version) {
    return server.snapshotAt(version);
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

  /** A worker's view of the server. */
  public GradientExchange exchange() {
    ParameterClient client =
        new ParameterClient(ATTEMPT, layout, List.of(server), signal, Duration.ofSeconds(60));
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
