package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.MicroBatch;

/** The micro-batches of a worker's virtual workers, in order. Used by one thread. */
@FunctionalInterface
public interface BatchSource {

  /**
   * The next micro-batch: for each step those of the worker's virtual workers, ascending. Blocks
   * until it has been read.
   *
   * @throws java.io.UncheckedIOException if the data cannot be read
   * @throws java.util.NoSuchElementException after the last one
   */
  Batch next();

  /**
   * A micro-batch and where it belongs.
   *
   * @param epoch epochs completed before it
   * @param stepInEpoch steps of its epoch before it
   * @param virtualWorker that computes it
   * @param examples none where the virtual worker has no more in this epoch
   */
  record Batch(int epoch, long stepInEpoch, int virtualWorker, MicroBatch examples) {}
}
