package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.TreeNode;

/**
 * Told of progress by the worker's own thread. The last two are called between a pull and the next
 * push: no server can take a further step before the call returns.
 */
public interface RoundListener {

  /**
   * A subtree's sum was pushed.
   *
   * @param round that it belongs to
   * @param node the subtree
   * @param examples used in each step of the round; not kept
   * @param losses of those examples, summed, in each step of the round; not kept
   */
  void contributed(Round round, TreeNode node, long[] examples, double[] losses);

  /**
   * A round is complete; the replica holds the parameters after it.
   *
   * @param round that was completed
   * @param outcome its sums over all workers
   */
  void roundTaken(Round round, GradientExchange.Outcome outcome);

  /**
   * The last round of an epoch is complete; the replica holds the parameters after it.
   *
   * @param epochsTaken epochs completed so far
   */
  void epochTaken(int epochsTaken);
}
