package dev.lockstep.ps.server;

import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * Asks for one frame of θ as it is after a step.
 *
 * @param attempt who is asking
 * @param step the step that θ must have taken
 * @param frame index of the frame inside its parameter shard
 * @param destination receives exactly the frame's floats, from position to limit, before the answer
 *     completes; must not be touched until then
 */
public record Pull(AttemptKey attempt, long step, int frame, FloatBuffer destination) {

  /** Checks what does not depend on the receiver. */
  public Pull {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(destination, "destination");
    if (step < 0 || frame < 0) {
      throw new IllegalArgumentException(
          "pull: step=" + step + " frame=" + frame + " must be >= 0");
    }
  }
}
