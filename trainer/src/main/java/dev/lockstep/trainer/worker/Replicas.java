package dev.lockstep.trainer.worker;

import java.util.function.IntFunction;

/**
 * What a worker's virtual workers keep for themselves from round to round, and save with every
 * checkpoint.
 *
 * @param from first virtual worker
 * @param to one after the last; equal to from where they keep nothing
 * @param state vectors of a virtual worker, not copied
 */
record Replicas(int from, int to, IntFunction<float[][]> state) {

  /** Nothing is kept. */
  static final Replicas NONE = new Replicas(0, 0, v -> new float[0][]);
}
