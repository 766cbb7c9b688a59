package dev.lockstep.trainer.loop;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;

/** A worker's view of the parameter server. Used by one thread at a time. */
public interface GradientExchange {

  /**
   * Hands over the sum of a subtree of virtual workers. Returns when {@code vector} may be used
   * again.
   *
   * @param when the server's step
   * @param node the subtree
   * @param sums what was summed
   * @param vector the sum; ignored where there are no examples
   */
  void push(StepKey when, TreeNode node, Contribution sums, float[] vector);

  /**
   * Waits until the server has taken some steps and copies what it holds.
   *
   * @param version steps that it must have taken at least; 0 for no wait
   * @param outcomesFrom first step whose outcome is wanted, with all completed ones after it
   * @param vector receives what the server holds
   */
  Pulled pull(long version, long outcomesFrom, float[] vector);
}
