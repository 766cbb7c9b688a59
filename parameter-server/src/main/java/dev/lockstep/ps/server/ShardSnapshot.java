package dev.lockstep.ps.server;

/**
 * A consistent copy of one parameter shard between two steps.
 *
 * @param shard index of the parameter shard
 * @param begin first element of θ in it
 * @param end first element after it
 * @param theta the parameters, length {@code end - begin}
 * @param state the optimizer's state vectors, each of length {@code end - begin}, in the
 *     optimizer's order
 * @param step optimizer steps taken
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data, never compared
public record ShardSnapshot(
    int shard, int begin, int end, float[] theta, float[][] state, long step) {

  /** Checks the lengths. */
  public ShardSnapshot {
    int length = end - begin;
    if (theta.length != length) {
      throw new IllegalArgumentException(
          "theta: length=" + theta.length + " != end-begin=" + length);
    }
    for (float[] vector : state) {
      if (vector.length != length) {
        throw new IllegalArgumentException(
            "state vector: length=" + vector.length + " != end-begin=" + length);
      }
    }
  }
}
