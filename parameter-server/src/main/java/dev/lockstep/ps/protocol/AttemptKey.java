package dev.lockstep.ps.protocol;

/**
 * An {@link AttemptId} in twelve bytes.
 *
 * @param run the first eight bytes of the SHA-256 of the run's id
 * @param attempt the attempt's number
 */
public record AttemptKey(long run, int attempt) {

  @Override
  public String toString() {
    return String.format("attempt %d of run #%016x", attempt, run);
  }
}
