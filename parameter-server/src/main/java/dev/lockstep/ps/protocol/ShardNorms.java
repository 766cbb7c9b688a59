package dev.lockstep.ps.protocol;

import dev.lockstep.ps.clip.NormPartials;
import java.util.Objects;

/**
 * One server's part of the norms of a step, as sent to every other server.
 *
 * @param attempt who is asking
 * @param step optimizer steps taken before this one
 * @param round which of the step's exchanges of norms: 0 is the first
 * @param shard index of the sender's parameter shard
 * @param partials what the sender's shard adds to the norms
 */
public record ShardNorms(
    AttemptKey attempt, long step, int round, int shard, NormPartials partials) {

  /** Checks what does not depend on the receiver. */
  public ShardNorms {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(partials, "partials");
    if (step < 0 || round < 0 || shard < 0) {
      throw new IllegalArgumentException(
          "norms: step=" + step + " round=" + round + " shard=" + shard + " must be >= 0");
    }
  }
}
