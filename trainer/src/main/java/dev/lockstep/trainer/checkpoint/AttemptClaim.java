package dev.lockstep.trainer.checkpoint;

import dev.lockstep.trainer.plan.RunIdentity;
import java.time.Instant;

/**
 * That one launch of a run has begun, under a number that no other launch in the same folder has.
 * Lives on the driver; crosses through JSON.
 *
 * @param run id of the run
 * @param attempt number of the launch, from 1
 * @param startedAt when it began
 * @param identity what determines its steps
 */
public record AttemptClaim(String run, int attempt, Instant startedAt, RunIdentity identity) {

  /** Checks the values. */
  public AttemptClaim {
    if (run == null || run.isEmpty() || attempt < 1 || startedAt == null || identity == null) {
      throw new IllegalArgumentException(
          "run=%s attempt=%d startedAt=%s identity=%s: must be there, and the attempt >= 1"
              .formatted(run, attempt, startedAt, identity));
    }
  }
}
