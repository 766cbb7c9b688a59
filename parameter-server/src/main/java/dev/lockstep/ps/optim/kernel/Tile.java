package dev.lockstep.ps.optim.kernel;

/**
 * Elements {@code [from, to)} of a parameter shard: as many as fit the first-level cache.
 *
 * @param theta of the shard
 * @param g G of the shard; in the range, a kernel leaves what its documentation says
 * @param states the shard's state vectors, with the same indices
 * @param from first element
 * @param to first element after the range
 */
public record Tile(float[] theta, float[] g, float[][] states, int from, int to) {

  /** The state vector of that number. */
  float[] state(int number) {
    return states[number];
  }
}
