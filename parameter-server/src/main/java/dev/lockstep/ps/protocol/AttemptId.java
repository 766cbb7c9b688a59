package dev.lockstep.ps.protocol;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;

/**
 * One launch of a run on the cluster. Chosen by the driver, crosses to the executors.
 *
 * @param run the run's id, not blank
 * @param attempt 0 for the first launch of the run, one more for each that follows
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
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(run.getBytes(StandardCharsets.UTF_8));
      return new AttemptKey(ByteBuffer.wrap(hash).getLong(), attempt);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JRE has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "attempt " + attempt + " of run " + run;
  }
}
