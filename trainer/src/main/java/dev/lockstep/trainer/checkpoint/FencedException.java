package dev.lockstep.trainer.checkpoint;

import java.io.IOException;

/** A later attempt has taken the run over: this one must write nothing more. */
public final class FencedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Names both attempts. */
  FencedException(long step, int attempt, AttemptClaim later) {
    super(
        ("checkpoint of step %d: attempt %d of the run must not write it, for attempt %d of run %s"
                + " has begun in the same folder at %s: let that one go on, or stop it first")
            .formatted(step, attempt, later.attempt(), later.run(), later.startedAt()));
  }
}
