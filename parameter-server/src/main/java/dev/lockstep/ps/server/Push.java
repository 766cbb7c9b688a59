package dev.lockstep.ps.server;

import dev.lockstep.ps.reduce.TreeNode;
import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * The gradient sum of one tree node for one frame of one parameter shard.
 *
 * @param attempt who is asking
 * @param step optimizer steps taken before this one
 * @param epoch epochs completed before this step
 * @param node the virtual workers that are summed here
 * @param frame index of the frame inside its parameter shard
 * @param examples how many examples the node's virtual workers used; 0 if all are empty
 * @param lossSum sum of the losses of those examples; 0 if there are none
 * @param gradient the frame's floats, from position to limit; none if {@code examples} is 0. Read
 *     before {@link ShardEndpoint#push} returns, not kept
 */
public record Push(
    AttemptKey attempt,
    long step,
    int epoch,
    TreeNode node,
    int frame,
    long examples,
    double lossSum,
    FloatBuffer gradient) {

  /** Checks what does not depend on the receiver. */
  public Push {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(node, "node");
    Objects.requireNonNull(gradient, "gradient");
    if (step < 0 || epoch < 0 || frame < 0 || examples < 0) {
      throw new IllegalArgumentException(
          "push: step="
              + step
              + " epoch="
              + epoch
              + " frame="
              + frame
              + " examples="
              + examples
              + " must be >= 0");
    }
    if (examples == 0 && (gradient.hasRemaining() || lossSum != 0)) {
      throw new IllegalArgumentException(
          "push of step "
              + step
              + ": examples=0 but gradient has "
              + gradient.remaining()
              + " floats and lossSum="
              + lossSum
              + ": an empty node carries neither");
    }
  }
}
