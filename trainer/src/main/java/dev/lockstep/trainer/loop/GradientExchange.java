package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.TreeNode;

/** A worker's view of the parameter server. Used by one thread. */
public interface GradientExchange {

  /**
   * Hands over the sum of a subtree of virtual workers. Returns when {@code gradient} may be used
   * again.
   *
   * @param step optimizer steps that the model had taken before this one
   * @param epoch epochs completed before this step
   * @param node the subtree
   * @param examples summed over; 0 if none of the subtree's virtual workers has any
   * @param lossSum sum of the examples' losses
   * @param gradient sum of their gradients, length P; ignored where examples is 0
   */
  void push(long step, int epoch, TreeNode node, long examples, double lossSum, float[] gradient);

  /**
   * Waits until the step is taken and copies its result.
   *
   * @param step the step that was pushed
   * @param theta receives the P parameters after the step
   * @return what the step's global batch added up to
   */
  Outcome pull(long step, float[] theta);

  /**
   * Sums of one step over all workers.
   *
   * @param examples of the global batch
   * @param lossSum of their losses before the step
   * @param gradientNorm global norm before clipping, or NaN where clipping needs none
   */
  record Outcome(long examples, double lossSum, double gradientNorm) {

    /** Mean loss of an example. */
    public double meanLoss() {
      return lossSum / examples;
    }
  }
}
