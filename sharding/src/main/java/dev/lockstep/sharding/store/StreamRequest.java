package dev.lockstep.sharding.store;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Which micro-batches a {@link MicroBatchStream} yields. Crosses from driver to executors.
 *
 * @param dataset what to read
 * @param split of the dataset's blocks
 * @param part side of the split to read
 * @param seed of the run
 * @param virtualWorkers V
 * @param vFrom first virtual worker to read for
 * @param vTo first virtual worker after these
 * @param batchSize b, examples of a micro-batch
 * @param window examples among which a span is shuffled; 0 for the order of the file
 * @param startEpoch epoch to start in
 * @param startStepInEpoch step of that epoch to start with; the number of its steps means the next
 *     epoch's first
 * @param endEpoch first epoch not to read
 * @param prefetch micro-batches to hold ready, at least 1
 * @param consecutive micro-batches that a virtual worker gets in a row before it is the next one's
 *     turn, at least 1. Rows begin at multiples of it and end with the epoch
 */
public record StreamRequest(
    Dataset dataset,
    Split split,
    Part part,
    long seed,
    int virtualWorkers,
    int vFrom,
    int vTo,
    int batchSize,
    int window,
    int startEpoch,
    long startStepInEpoch,
    int endEpoch,
    int prefetch,
    int consecutive)
    implements Serializable {

  /** A request in which virtual workers take turns after every micro-batch. */
  public StreamRequest(
      Dataset dataset,
      Split split,
      Part part,
      long seed,
      int virtualWorkers,
      int vFrom,
      int vTo,
      int batchSize,
      int window,
      int startEpoch,
      long startStepInEpoch,
      int endEpoch,
      int prefetch) {
    this(
        dataset,
        split,
        part,
        seed,
        virtualWorkers,
        vFrom,
        vTo,
        batchSize,
        window,
        startEpoch,
        startStepInEpoch,
        endEpoch,
        prefetch,
        1);
  }

  /** The same with other rows. */
  public StreamRequest withConsecutive(int microBatches) {
    return new StreamRequest(
        dataset,
        split,
        part,
        seed,
        virtualWorkers,
        vFrom,
        vTo,
        batchSize,
        window,
        startEpoch,
        startStepInEpoch,
        endEpoch,
        prefetch,
        microBatches);
  }

  /** Checks the ranges. */
  public StreamRequest {
    Objects.requireNonNull(dataset, "dataset");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(part, "part");
    if (vFrom < 0 || vFrom >= vTo || vTo > virtualWorkers) {
      throw new IllegalArgumentException(
          "virtual workers [vFrom=%d, vTo=%d) must be a range within [0, virtualWorkers=%d)"
              .formatted(vFrom, vTo, virtualWorkers));
    }
    if (batchSize < 1 || window < 0 || prefetch < 1) {
      throw new IllegalArgumentException(
          "batchSize=%d window=%d prefetch=%d must be >= 1, >= 0 and >= 1"
              .formatted(batchSize, window, prefetch));
    }
    if (consecutive < 1) {
      throw new IllegalArgumentException("consecutive=%d must be >= 1".formatted(consecutive));
    }
    if (startEpoch < 0 || startStepInEpoch < 0 || endEpoch < startEpoch) {
      throw new IllegalArgumentException(
          "startEpoch=%d startStepInEpoch=%d endEpoch=%d must be >= 0, >= 0 and >= startEpoch"
              .formatted(startEpoch, startStepInEpoch, endEpoch));
    }
    int blocks = dataset.shardSet().blockSizes().length;
    if (split.blocks() != blocks) {
      throw new IllegalArgumentException(
          "split of %d blocks for a dataset of %d: make it from this dataset's blockSizes()"
              .formatted(split.blocks(), blocks));
    }
  }

  /**
   * An upper bound of the bytes of micro-batches and decoded blocks that the stream holds at a
   * time: for each virtual worker the blocks that its window and the next one touch, the
   * micro-batches held ready and the two in hand, and one block while it is decoded.
   */
  public long residentBytes() {
    int[] blockSizes = dataset.shardSet().blockSizes();
    long largest = Arrays.stream(blockSizes).max().orElseThrow();
    List<TensorSpec> tensors = dataset.shardSet().tensors();
    long total = dataset.shardSet().examples();
    long stored = Float.BYTES * tensors.stream().mapToLong(TensorSpec::storedValues).sum();
    long handedOut = (long) Float.BYTES * dataset.shardSet().elementsPerExample();
    // Rows that the split holds out are decoded with their blocks.
    double keep = Math.max(1, split.examples(part)) / (double) total;
    long span = (split.examples(part) + virtualWorkers - 1) / virtualWorkers;
    long ahead = Math.min(window == 0 ? batchSize : window, span);
    long perWorker = 2 * (long) Math.ceil(ahead / keep) + 4 * largest;
    return (vTo - vFrom) * perWorker * stored
        + (prefetch + 2L) * batchSize * handedOut
        + 3 * largest * stored;
  }
}
