package dev.lockstep.trainer.model.replica;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.ModelDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * V virtual workers and a few parameter shards in one thread: the real replica, tree and optimizer,
 * without sockets, threads or Spark.
 */
public final class InProcessCluster implements AutoCloseable {
  private final int virtualWorkers;
  private final ModelReplica replica;
  private final UpdatePlan plan;
  private final ShardLayout shards;
  private final List<ShardOptimizer> optimizers = new ArrayList<>();
  private float[] theta;
  private double lossSum;

  public InProcessCluster(
      ModelDefinition definition, UpdatePlan plan, int virtualWorkers, ReplicaOptions options) {
    this.virtualWorkers = virtualWorkers;
    this.replica = ModelReplica.open(definition, options);
    this.plan = plan;
    this.shards = new ShardLayout(plan.layout().parameters(), 3);
    for (int s = 0; s < 3; s++) {
      optimizers.add(new ShardOptimizer(plan, shards.begin(s), shards.end(s)));
    }
    this.theta = new float[plan.layout().parameters()];
  }

  public float[] theta() {
    return theta.clone();
  }

  /** Mean loss of the last step. */
  double loss() {
    return lossSum;
  }

  public void set(float[] parameters) {
    theta = parameters.clone();
  }

  /** Puts optimizer state of all parameters into the shards. */
  void restore(float[][] state) {
    for (int s = 0; s < optimizers.size(); s++) {
      float[][] local = new float[optimizers.get(s).state().length][];
      for (int k = 0; k < local.length; k++) {
        local[k] = Arrays.copyOfRange(state[k], shards.begin(s), shards.end(s));
      }
      optimizers.get(s).restore(local);
    }
  }

  /** Optimizer state of all parameters. */
  public float[][] state() {
    float[][] state = new float[plan.stateVectors()][theta.length];
    for (int s = 0; s < optimizers.size(); s++) {
      for (int k = 0; k < state.length; k++) {
        float[] local = optimizers.get(s).state()[k];
        System.arraycopy(local, 0, state[k], shards.begin(s), local.length);
      }
    }
    return state;
  }

  /** One optimizer step; an entry per virtual worker, null where it has no examples left. */
  public void step(List<MicroBatch> batches, long iteration, int epoch) {
    PairwiseTree tree = new PairwiseTree(virtualWorkers);
    TreeReduction<float[]> reduction = TreeReduction.ofVectors(tree);
    long examples = 0;
    lossSum = 0;
    replica.setParameters(theta);
    for (int v = 0; v < virtualWorkers; v++) {
      float[] gradient = null;
      if (batches.get(v) != null) {
        gradient = new float[theta.length];
        lossSum +=
            replica
                .gradient(
                    batches.get(v), new Position(1000 * iteration + v, iteration, epoch), gradient)
                .loss();
        examples += batches.get(v).examples();
      }
      reduction.add(new TreeNode(0, v), gradient);
    }
    lossSum /= examples;
    apply(reduction.result(), examples, iteration, epoch);
  }

  private void apply(float[] sum, long examples, long iteration, int epoch) {
    NormPlan norms = plan.normPlan();
    double[] values = null;
    if (norms.groups() > 0) {
      List<NormPartials> partials = new ArrayList<>();
      for (int s = 0; s < optimizers.size(); s++) {
        float[] local = Arrays.copyOfRange(sum, shards.begin(s), shards.end(s));
        partials.add(norms.partials(local, shards.begin(s), shards.end(s), examples));
      }
      values = norms.norms(partials);
    }
    for (int s = 0; s < optimizers.size(); s++) {
      int begin = shards.begin(s);
      int end = shards.end(s);
      float[] local = Arrays.copyOfRange(theta, begin, end);
      optimizers
          .get(s)
          .update(
              local,
              Arrays.copyOfRange(sum, begin, end),
              0,
              end - begin,
              examples,
              values,
              StepTime.of(iteration, epoch));
      System.arraycopy(local, 0, theta, begin, end - begin);
    }
  }

  @Override
  public void close() {
    replica.close();
  }
}
