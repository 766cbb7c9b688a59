package dev.lockstep.trainer.model.replica;

import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.trainer.loop.GradientExchange;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.loop.InProcessCluster;
import dev.lockstep.trainer.model.ModelDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Synchronous steps of V virtual workers, played by one replica in one thread, and three parameter
 * servers in this JVM.
 */
public final class ReplicaTraining implements AutoCloseable {
  private static final int SHARDS = 3;

  private final int virtualWorkers;
  private final ModelReplica replica;
  private final UpdatePlan plan;
  private float[] theta;
  private float[][] state;
  private InProcessCluster cluster;
  private long version;
  private double meanLoss;

  public ReplicaTraining(
      ModelDefinition definition, UpdatePlan plan, int virtualWorkers, ReplicaOptions options) {
    this.virtualWorkers = virtualWorkers;
    this.replica = ModelReplica.open(definition, options);
    this.plan = plan;
    this.theta = new float[plan.layout().parameters()];
  }

  public float[] theta() {
    return theta.clone();
  }

  /** Mean loss of the last step. */
  double loss() {
    return meanLoss;
  }

  public void set(float[] parameters) {
    theta = parameters.clone();
    cluster = null;
  }

  /** Replaces the optimizer state of all parameters. */
  void restore(float[][] vectors) {
    state = vectors;
    cluster = null;
  }

  /** Optimizer state of all parameters after the last step. */
  public float[][] state() {
    return state;
  }

  /** One optimizer step; an entry per virtual worker, null where it has no examples left. */
  public void step(List<MicroBatch> batches, long iteration, int epoch) {
    if (cluster == null || iteration != version) {
      cluster =
          new InProcessCluster(
              SHARDS, Protocol.SYNC, virtualWorkers, plan, theta, state, iteration);
    }
    version = iteration + 1;
    List<Future<ShardSnapshot>> snapshots = new ArrayList<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      snapshots.add(cluster.snapshotAt(shard, version));
    }
    GradientExchange exchange = cluster.exchange();
    StepKey when = StepKey.of(iteration, epoch);
    long examples = 0;
    double lossSum = 0;
    replica.setParameters(theta);
    float[] gradient = new float[theta.length];
    for (int v = 0; v < virtualWorkers; v++) {
      Contribution sums = Contribution.EMPTY;
      if (batches.get(v) != null) {
        double loss =
            replica
                .gradient(
                    batches.get(v), new Position(1000 * iteration + v, iteration, epoch), gradient)
                .loss();
        sums = Contribution.of(batches.get(v).examples(), loss);
      }
      exchange.push(when, new TreeNode(0, v), sums, gradient);
      examples += sums.examples();
      lossSum += sums.lossSum();
    }
    meanLoss = lossSum / examples;
    exchange.pull(version, Pull.NO_OUTCOMES, theta);
    state = new float[plan.stateVectors()][theta.length];
    snapshots.forEach(this::take);
  }

  private void take(Future<ShardSnapshot> snapshot) {
    try {
      ShardSnapshot shard = snapshot.get(10, TimeUnit.SECONDS);
      for (int k = 0; k < state.length; k++) {
        float[] vector = shard.model().state()[k];
        System.arraycopy(vector, 0, state[k], shard.begin(), vector.length);
      }
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    replica.close();
  }
}
