package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.trainer.plan.ModePlan;
import java.io.IOException;

/**
 * A model between two attempts: what an attempt begins with, what a checkpoint leaves, what goes
 * into a model file. Lives on the driver.
 *
 * @param theta P parameters
 * @param state vectors of the model's optimizer, each of length P; null for a fresh one
 */
public record ModelState(float[] theta, float[][] state) {

  /**
   * Of a checkpoint. Where every virtual worker keeps its own state, the model gets their mean, one
   * virtual worker as good as another: their spans differ by one example at most.
   */
  public static ModelState of(
      ModePlan plan, CheckpointStore.Snapshot snapshot, CheckpointStore checkpoints)
      throws IOException {
    if (!plan.averages()) {
      return new ModelState(snapshot.theta(), snapshot.state());
    }
    return new ModelState(
        plan.averaged().theta(snapshot.theta()),
        plan.keepsState()
            ? meanOfReplicas(snapshot.manifest(), checkpoints)
            : plan.averaged().state(snapshot.theta()));
  }

  /** Reads one file after the other: only as many as the tree is high are in memory. */
  private static float[][] meanOfReplicas(CheckpointManifest manifest, CheckpointStore checkpoints)
      throws IOException {
    TreeReduction<float[][]> sum =
        new TreeReduction<>(new PairwiseTree(manifest.virtualWorkers()), ModelState::addInto);
    for (CheckpointManifest.ReplicaEntry entry : manifest.replicas()) {
      sum.add(
          new TreeNode(0, entry.virtualWorker()),
          checkpoints.readReplica(manifest.step(), entry).vectors());
    }
    float[][] mean = sum.result();
    for (float[] vector : mean) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] /= manifest.virtualWorkers();
      }
    }
    return mean;
  }

  private static float[][] addInto(float[][] left, float[][] right) {
    for (int k = 0; k < left.length; k++) {
      for (int i = 0; i < left[k].length; i++) {
        left[k][i] += right[k][i];
      }
    }
    return left;
  }
}
