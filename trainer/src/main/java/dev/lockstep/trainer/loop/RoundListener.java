package dev.lockstep.trainer.loop;

import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import java.util.List;

/**
 * Told of progress by the worker's own thread. The last two are called between a pull and the next
 * push: until the call returns, no server can take a step that needs this worker.
 */
public interface RoundListener {

  /**
   * A subtree's sum was handed over.
   *
   * @param round that it belongs to
   * @param node the subtree
   * @param examples used in each step of the round; not kept
   * @param losses of those examples, summed, in each step of the round; not kept
   */
  void contributed(Round round, TreeNode node, long[] examples, double[] losses);

  /**
   * This worker's part of a round is done. In modes {@code sync} and {@code averaging}, and where
   * all workers meet ({@link SyncPoints#isMeeting}), all have done theirs and the replica holds the
   * parameters after it.
   *
   * @param round that was done
   * @param outcomes of the server's steps that were completed since the last call, in order
   */
  void roundTaken(Round round, List<StepOutcome> outcomes);

  /**
   * The last round of an epoch is complete; the replica holds the parameters after it.
   *
   * @param epochsTaken epochs completed so far
   */
  void epochTaken(int epochsTaken);

  /** Whether the run ends with the epoch just taken, though steps are left. */
  default boolean endsHere() {
    return false;
  }
}
