package dev.lockstep.ps.server;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.schedule.StepTime;

/**
 * What a frame is ready for: its gradient sum is in the shard's G, and the optimizer may be run.
 *
 * @param time of the step, as the optimizer counts
 * @param divisor examples that G is divided by
 * @param step steps taken before it
 * @param total what was summed
 */
record Update(StepTime time, long divisor, long step, Contribution total) {

  /** Whether θ changes at all: a gradient that is not finite, or no gradient, changes nothing. */
  boolean applies() {
    return total.examples() > 0 && total.nonFinite() == Contribution.FINITE;
  }
}
