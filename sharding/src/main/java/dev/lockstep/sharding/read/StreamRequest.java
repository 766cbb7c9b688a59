package dev.lockstep.sharding.read;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
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
 * @param split side of the split to read
 * @param seed of the run
 * @param virtualWorkers V
 * @param vFrom first virtual worker to read for
 * @param vTo first virtual worker after these
 * @param batchSize b, examples of a micro-batch
 * @param shuffle how far from the order of the file an epoch goes
 * @param startEpoch epoch to start in
 * @param startStepInEpoch step of that epoch to start with; the number of its steps means the next
 *     epoch's first
 * @param endEpoch first epoch not to read
 * @param prefetch micro-batches to hold ready, at least 1
 * @param consecutive micro-batches that a virtual worker gets in a row before it is the next one's
 *     turn, at least 1. Rows begin at multiples of it and end with the epoch
 * @param gatherBytes of micro-batches that a full shuffle may hold gathered. The fewer, the more
 *     often all blocks are read in an epoch; the order does not depend on it. At least one row of
 *     every virtual worker is gathered, and one ahead, whatever it says
 * @param augmentation changes of every example, in this order; only of the training split
 */
public record StreamRequest(
    ShardedDataset dataset,
    Holdout holdout,
    Split split,
    long seed,
    int virtualWorkers,
    int vFrom,
    int vTo,
    int batchSize,
    Shuffle shuffle,
    int startEpoch,
    long startStepInEpoch,
    int endEpoch,
    int prefetch,
    int consecutive,
    long gatherBytes,
    List<Augmentation> augmentation)
    implements Serializable {

  /** What a full shuffle holds gathered unless a request says otherwise: 256 MiB. */
  public static final long GATHER_BYTES = 256L << 20;

  /** Of an array or a list besides what it holds, as an upper bound. */
  private static final long OBJECT_BYTES = 48;

  /**
   * A request in which virtual workers take turns after every micro-batch.
   *
   * @param window examples among which a range is shuffled; 0 for the order of the file
   */
  public StreamRequest(
      ShardedDataset dataset,
      Holdout holdout,
      Split split,
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
        holdout,
        split,
        seed,
        virtualWorkers,
        vFrom,
        vTo,
        batchSize,
        Shuffle.within(window),
        startEpoch,
        startStepInEpoch,
        endEpoch,
        prefetch,
        1,
        GATHER_BYTES,
        List.of());
  }

  /** The same with other rows. */
  public StreamRequest withConsecutive(int microBatches) {
    return with(shuffle, microBatches, gatherBytes, augmentation);
  }

  /** The same in another order. */
  public StreamRequest withShuffle(Shuffle other) {
    return with(other, consecutive, gatherBytes, augmentation);
  }

  /** The same with another bound of what a full shuffle gathers. */
  public StreamRequest withGatherBytes(long other) {
    return with(shuffle, consecutive, other, augmentation);
  }

  /** The same with other changes of examples. */
  public StreamRequest withAugmentation(List<Augmentation> other) {
    return with(shuffle, consecutive, gatherBytes, other);
  }

  private StreamRequest with(
      Shuffle newShuffle,
      int newConsecutive,
      long newGatherBytes,
      List<Augmentation> newAugmentation) {
    return new StreamRequest(
        dataset,
        holdout,
        split,
        seed,
        virtualWorkers,
        vFrom,
        vTo,
        batchSize,
        newShuffle,
        startEpoch,
        startStepInEpoch,
        endEpoch,
        prefetch,
        newConsecutive,
        newGatherBytes,
        newAugmentation);
  }

  /** Checks the ranges. */
  public StreamRequest {
    Objects.requireNonNull(dataset, "dataset");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(shuffle, "shuffle");
    augmentation = List.copyOf(augmentation);
    if (split != Split.TRAINING && !augmentation.isEmpty()) {
      throw new IllegalArgumentException(
          "augmentation=%s of split=%s: only examples that are trained on may be changed"
              .formatted(augmentation, split));
    }
    Augmenter.requireFit(augmentation, dataset.manifest().tensors());
    if (vFrom < 0 || vFrom >= vTo || vTo > virtualWorkers) {
      throw new IllegalArgumentException(
          "virtual workers [vFrom=%d, vTo=%d) must be a range within [0, virtualWorkers=%d)"
              .formatted(vFrom, vTo, virtualWorkers));
    }
    if (batchSize < 1 || prefetch < 1) {
      throw new IllegalArgumentException(
          "batchSize=%d prefetch=%d must be >= 1".formatted(batchSize, prefetch));
    }
    if (consecutive < 1 || gatherBytes < 0) {
      throw new IllegalArgumentException(
          "consecutive=%d gatherBytes=%d must be >= 1 and >= 0"
              .formatted(consecutive, gatherBytes));
    }
    if (startEpoch < 0 || startStepInEpoch < 0 || endEpoch < startEpoch) {
      throw new IllegalArgumentException(
          "startEpoch=%d startStepInEpoch=%d endEpoch=%d must be >= 0, >= 0 and >= startEpoch"
              .formatted(startEpoch, startStepInEpoch, endEpoch));
    }
    int blocks = dataset.manifest().blockSizes().length;
    if (holdout.blocks() != blocks) {
      throw new IllegalArgumentException(
          "holdout of %d blocks for a dataset of %d: make it from this dataset's blockSizes()"
              .formatted(holdout.blocks(), blocks));
    }
  }

  /**
   * An upper bound of the bytes of micro-batches and blocks that the stream holds at a time, heap
   * and Arrow memory together: for each virtual worker the decoded blocks that its window and the
   * next one touch, or with a full shuffle the micro-batches of two gathered pieces of the epoch;
   * the micro-batches held ready and the two in hand, and one block while it is decoded.
   */
  public long residentBytes() {
    int[] blockSizes = dataset.manifest().blockSizes();
    long largest = Arrays.stream(blockSizes).max().orElseThrow();
    List<TensorSpec> tensors = dataset.manifest().tensors();
    long total = dataset.manifest().examples();
    long stored = Float.BYTES * tensors.stream().mapToLong(TensorSpec::storedValues).sum();
    long handedOut = (long) Float.BYTES * dataset.manifest().elementsPerExample();
    long inHand = (prefetch + 2L) * batchSize * handedOut + decodingBytes();
    if (shuffle.kind() == Shuffle.Kind.FULL) {
      return 2 * gatheredSteps() * stepBytes() + inHand;
    }
    // Rows that the split holds out are decoded with their blocks.
    double keep = Math.max(1, holdout.examples(split)) / (double) total;
    long range = (holdout.examples(split) + virtualWorkers - 1) / virtualWorkers;
    long ahead =
        Math.min(shuffle.kind() == Shuffle.Kind.NONE ? batchSize : shuffle.window(), range);
    long perWorker = 2 * (long) Math.ceil(ahead / keep) + 4 * largest;
    return (vTo - vFrom) * perWorker * stored + inHand;
  }

  /**
   * How often all blocks are read in an epoch by this request alone: once for each piece that a
   * full shuffle gathers. In a window shuffle, and without one, blocks are read by those whose
   * ranges touch them.
   */
  public long passes() {
    return (steps() + gatheredSteps() - 1) / gatheredSteps();
  }

  /** Steps whose micro-batches a full shuffle gathers in one pass over the blocks: whole rows. */
  long gatheredSteps() {
    long affordable = gatherBytes / 2 / stepBytes();
    long rows = Math.max(1, affordable / consecutive);
    return Math.max(1, Math.min(rows * consecutive, steps()));
  }

  /** Bytes of one step's micro-batches, as they are handed out. */
  private long stepBytes() {
    long values = (long) batchSize * Float.BYTES * dataset.manifest().elementsPerExample();
    long objects = OBJECT_BYTES * (2 + dataset.manifest().tensors().size());
    return (vTo - vFrom) * (values + objects);
  }

  private long steps() {
    long range = (holdout.examples(split) + virtualWorkers - 1) / virtualWorkers;
    return (range + batchSize - 1) / batchSize;
  }

  /**
   * Bytes of one block as read, as Arrow holds it, and as its codec does: in arrays of its own,
   * beside Arrow's copy of the decompressed values. Arrow rounds sizes up to powers of two.
   */
  long decodingBytes() {
    long read = 0;
    long examples = 0;
    for (DataShard shard : dataset.manifest().shards()) {
      for (DataBlock block : shard.blocks()) {
        read = Math.max(read, block.length());
        examples = Math.max(examples, block.examples());
      }
    }
    long stored =
        Float.BYTES
            * dataset.manifest().tensors().stream().mapToLong(TensorSpec::storedValues).sum();
    return 4 * read + 5 * examples * stored;
  }
}
