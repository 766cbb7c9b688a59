package dev.lockstep.ps.protocol;

import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * Asks for one frame of θ.
 *
 * @param attempt who is asking
 * @param version steps that θ must have taken at least
 * @param frame index of the frame inside its parameter shard
 * @param outcomesFrom first step whose outcome is wanted, with the completed ones after it, {@link
 *     #MOST_OUTCOMES} at most; {@link #NO_OUTCOMES} for none
 * @param destination receives exactly the frame's floats, from position to limit, before the answer
 *     completes; must not be touched until then
 */
public record Pull(
    AttemptKey attempt, long version, int frame, long outcomesFrom, FloatBuffer destination) {

  /** Stands for a pull that wants θ alone. */
  public static final long NO_OUTCOMES = -1;

  /** Outcomes in one reply at most. */
  public static final int MOST_OUTCOMES = 64;

  /** Checks what does not depend on the receiver. */
  public Pull {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(destination, "destination");
    if (version < 0 || frame < 0 || outcomesFrom < NO_OUTCOMES) {
      throw new IllegalArgumentException(
          "pull: version="
              + version
              + " frame="
              + frame
              + " outcomesFrom="
              + outcomesFrom
              + " must be >= 0, >= 0 and >= "
              + NO_OUTCOMES);
    }
  }
}
