package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/** A later attempt has taken the run over: this one must write nothing more. */
public final class FencedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Something else than a commit, of a run or an attempt that is over. */
  FencedException(String message) {
    super(message);
  }

  FencedException(long step, int attempt, int later, Optional<Instant> begun) {
    super(
        ("checkpoint of step %d: attempt=%d < %d, an attempt of the same run that has begun%s in the"
                + " same folder: this one writes no more; let the other go on, or stop it and start"
                + " again")
            .formatted(step, attempt, later, begun.map(at -> " at " + at).orElse("")));
  }
}
