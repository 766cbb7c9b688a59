package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.read.MicroBatchStream;

/** The micro-batches of a worker's virtual workers, in order. Used by one thread. */
@FunctionalInterface
public interface BatchSource {

  /**
   * The next micro-batch: for each round those of the worker's virtual workers, ascending, and for
   * each of them all that it needs in the round ({@link StepSchedule#consecutive}). Blocks until it
   * has been read.
   *
   * @throws java.io.UncheckedIOException if the data cannot be read
   * @throws java.util.NoSuchElementException after the last one
   */
  MicroBatchStream.Item next();
}
