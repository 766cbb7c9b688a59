package dev.lockstep.ps.protocol;

import dev.lockstep.ps.reduce.TreeNode;
import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * The gradient sum of one tree node for one frame of one parameter shard.
 *
 * @param attempt who is asking
 * @param when the step
 * @param node the virtual workers that are summed here
 * @param frame index of the frame inside its parameter shard
 * @param sums what was summed; the same for every frame of a push
 * @param gradient the frame's floats, from position to limit; none if there are no examples. Read
 *     before {@link ShardEndpoint#push} returns, not kept
 */
public record Push(
    AttemptKey attempt,
    StepKey when,
    TreeNode node,
    int frame,
    Contribution sums,
    FloatBuffer gradient) {

  /** Checks what does not depend on the receiver. */
  public Push {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(when, "when");
    Objects.requireNonNull(node, "node");
    Objects.requireNonNull(sums, "sums");
    Objects.requireNonNull(gradient, "gradient");
    if (frame < 0) {
      throw new IllegalArgumentException("push: frame=" + frame + " must be >= 0");
    }
    if (sums.examples() == 0 && gradient.hasRemaining()) {
      throw new IllegalArgumentException(
          "push of step "
              + when.step()
              + ": examples=0 but gradient has "
              + gradient.remaining()
              + " floats: an empty node carries none");
    }
  }
}
