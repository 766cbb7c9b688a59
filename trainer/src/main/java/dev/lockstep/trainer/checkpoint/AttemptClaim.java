package dev.lockstep.trainer.checkpoint;

import dev.lockstep.trainer.plan.RunIdentity;
import java.time.Instant;

/**
 * States that an attempt of a run has started, under a number that no other attempt in the same
 * folder has. Lives on the driver; written as JSON.
 *
 * @param formatVersion {@link #FORMAT_VERSION}
 * @param run id of the run
 * @param attempt number of the attempt, from 1
 * @param startedAt when it started
 * @param identity what determines its steps
 */
public record AttemptClaim(
    int formatVersion, String run, int attempt, Instant startedAt, RunIdentity identity) {

  /** The version that this code reads and writes. */
  public static final int FORMAT_VERSION = 1;

  /** Checks the values. */
  public AttemptClaim {
    if (run == null || run.isEmpty() || attempt < 1 || startedAt == null || identity == null) {
      throw new IllegalArgumentException(
          "run=%s attempt=%d startedAt=%s identity=%s: must be there, and the attempt >= 1"
              .formatted(run, attempt, startedAt, identity));
    }
  }

  /** A claim of this version. */
  public AttemptClaim(String run, int attempt, Instant startedAt, RunIdentity identity) {
    this(FORMAT_VERSION, run, attempt, startedAt, identity);
  }
}
