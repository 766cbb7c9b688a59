package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.trainer.plan.ModePlan;
import java.io.IOException;

/** Reads the model that a checkpoint holds, for a model file. Lives on the driver. */
public final class ModelReader {

  private ModelReader() {}

  /**
   * Reads parameters and optimizer state. Where every virtual worker keeps its own state, the model
   * gets their mean.
   *
   * @param plan that the checkpoint's steps were taken with
   */
  public static ModelState read(ModePlan plan, CheckpointReader checkpoint) throws IOException {
    ModelState servers = checkpoint.read();
    if (!plan.averages()) {
      return servers;
    }
    return new ModelState(
        plan.averaged().theta(servers.theta()),
        plan.keepsState() ? meanOfReplicas(checkpoint) : plan.averaged().state(servers.theta()));
  }

  /** Reads one file after the other: only as many as the tree is high are in memory. */
  private static float[][] meanOfReplicas(CheckpointReader checkpoint) throws IOException {
    int count = checkpoint.contents().virtualWorkers();
    TreeReduction<float[][]> sum =
        new TreeReduction<>(new PairwiseTree(count), ModelReader::addInto);
    for (int v = 0; v < count; v++) {
      sum.add(new TreeNode(0, v), checkpoint.replica(v));
    }
    float[][] mean = sum.result();
    for (float[] vector : mean) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] /= count;
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
