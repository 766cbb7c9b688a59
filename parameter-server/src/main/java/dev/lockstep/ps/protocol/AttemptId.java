package dev.lockstep.ps.protocol;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * One attempt of a run. Chosen by the driver; crosses to the executors.
 *
 * @param run the run's id, not blank
 * @param attempt 0 for the first attempt of the run, one more for each that follows
 */
public record AttemptId(String run, int attempt) implements Serializable {

  /** Checks both. */
  public AttemptId {
    Objects.requireNonNull(run, "run");
    if (run.isBlank() || attempt < 0) {
      throw new IllegalArgumentException(
          "attempt=" + attempt + " of run '" + run + "': must be >= 0 and the run not blank");
    }
  }

  /** The fixed-size form that every message carries. */
  public AttemptKey key() {
    return new AttemptKey(ByteBuffer.wrap(Sha256.digest(run)).getLong(), attempt);
  }

  @Override
  public String toString() {
    return "attempt " + attempt + " of run " + run;
  }
}
