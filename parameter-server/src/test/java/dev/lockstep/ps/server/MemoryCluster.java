package dev.lockstep.ps.server;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.ServerPeers;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** All servers of a training in this JVM, without sockets. */
public final class MemoryCluster {

  static final AttemptKey ATTEMPT = new AttemptId("run-1", 0).key();
  private static final Duration BOUND = Duration.ofSeconds(30);

  final FrameLayout layout;
  public final List<ShardServer> servers = new ArrayList<>();
  final AbortSignal signal = new AbortSignal();
  public final List<Throwable> failures = new CopyOnWriteArrayList<>();

  public MemoryCluster(SimulatedTraining training, int shards) {
    this(training, shards, training.protocol(), training.theta(), null, 0);
  }

  public MemoryCluster(
      SimulatedTraining training,
      int shards,
      Protocol protocol,
      float[] theta,
      float[][] state,
      long firstStep) {
    this(training.plan(), training.virtualWorkers(), shards, protocol, theta, state, firstStep);
  }

  public MemoryCluster(
      UpdatePlan plan,
      int virtualWorkers,
      int shards,
      Protocol protocol,
      float[] theta,
      float[][] state,
      long firstStep) {
    layout = new FrameLayout(new ShardLayout(theta.length, shards));
    for (int shard = 0; shard < shards; shard++) {
      int begin = layout.shards().begin(shard);
      int end = layout.shards().end(shard);
      servers.add(
          new ShardServer(
              new ShardSpec(ATTEMPT, layout, shard, plan, virtualWorkers, protocol, firstStep),
              new ModelState(theta, state).range(begin, end),
              new Peers(),
              Runnable::run));
    }
  }

  public ParameterClient client() {
    return client(servers);
  }

  public ParameterClient client(List<? extends ShardEndpoint> endpoints) {
    return new ParameterClient(ATTEMPT, layout, endpoints, signal, BOUND);
  }

  private final class Peers implements ServerPeers {

    @Override
    public void publish(ShardNorms norms) {
      for (int shard = 0; shard < servers.size(); shard++) {
        if (shard != norms.shard() && layout.frames(shard) > 0) {
          CompletableFuture<Void> taken = servers.get(shard).norms(norms);
          if (taken.isCompletedExceptionally()) {
            failures.add(taken.handle((nothing, failure) -> failure).join());
          }
        }
      }
    }

    @Override
    public void failed(Throwable cause) {
      failures.add(cause);
    }
  }
}
