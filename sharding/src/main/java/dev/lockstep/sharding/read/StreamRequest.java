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
 * @param examples which of them, and how they are changed
 * @param order of the examples in an epoch
 * @param workers whose micro-batches
 * @param batchSize b, examples of a micro-batch
 * @param epochs where to start and to end
 * @param reading how far ahead, and in how much memory
 */
public record StreamRequest(
    ShardedDataset dataset,
    Examples examples,
    Order order,
    Workers workers,
    int batchSize,
    EpochRange epochs,
    Reading reading)
    implements Serializable {

  /** Upper bound of the heap of an array or a list, in addition to its elements. */
  private static final long OBJECT_BYTES = 48;

  /** Checks the parts against each other. */
  public StreamRequest {
    Objects.requireNonNull(order, "order");
    Objects.requireNonNull(workers, "workers");
    Objects.requireNonNull(epochs, "epochs");
    Objects.requireNonNull(reading, "reading");
    Augmenter.requireFit(examples.augmentation(), dataset.manifest().tensors());
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize=%d must be >= 1".formatted(batchSize));
    }
    int blocks = dataset.manifest().blockSizes().length;
    if (examples.holdout().blocks() != blocks) {
      throw new IllegalArgumentException(
          "holdout of %d blocks for a dataset of %d: make it from this dataset's blockSizes()"
              .formatted(examples.holdout().blocks(), blocks));
    }
  }

  /**
   * Which examples are read.
   *
   * @param holdout split of the dataset's blocks
   * @param split to read
   * @param augmentation random changes of every example, applied in this order; empty unless the
   *     split is the training split
   */
  public record Examples(Holdout holdout, Split split, List<Augmentation> augmentation)
      implements Serializable {

    /** Checks that only training examples are changed. */
    public Examples {
      Objects.requireNonNull(holdout, "holdout");
      Objects.requireNonNull(split, "split");
      augmentation = List.copyOf(augmentation);
      if (split != Split.TRAINING && !augmentation.isEmpty()) {
        throw new IllegalArgumentException(
            "augmentation=%s of split=%s: only examples that are trained on may be changed"
                .formatted(augmentation, split));
      }
    }

    /** Examples as they are stored. */
    public static Examples of(Holdout holdout, Split split) {
      return new Examples(holdout, split, List.of());
    }
  }

  /**
   * Order of the examples in an epoch.
   *
   * @param seed of the run
   * @param shuffle how far an example may move from its place in the file
   */
  public record Order(long seed, Shuffle shuffle) implements Serializable {

    /** Checks that there is a shuffle. */
    public Order {
      Objects.requireNonNull(shuffle, "shuffle");
    }
  }

  /**
   * The virtual workers {@code [from, to)} of a run.
   *
   * @param total V, virtual workers of the run
   * @param from the first one
   * @param to the first one after them
   */
  public record Workers(int total, int from, int to) implements Serializable {

    /** Checks the range. */
    public Workers {
      if (from < 0 || from >= to || to > total) {
        throw new IllegalArgumentException(
            "virtual workers [from=%d, to=%d) must be a range within [0, virtualWorkers=%d)"
                .formatted(from, to, total));
      }
    }

    /** All virtual workers of a run. */
    public static Workers all(int total) {
      return new Workers(total, 0, total);
    }

    /** Number of virtual workers of the range. */
    int count() {
      return to - from;
    }
  }

  /**
   * The epochs {@code [start, end)}, the first one from a step on.
   *
   * @param start epoch to start in
   * @param startStep step of that epoch to start with; the number of its steps means the first of
   *     the next epoch
   * @param end first epoch not to read
   */
  public record EpochRange(int start, long startStep, int end) implements Serializable {

    /** Checks the range. */
    public EpochRange {
      if (start < 0 || startStep < 0 || end < start) {
        throw new IllegalArgumentException(
            "epochs start=%d startStep=%d end=%d must be >= 0, >= 0 and >= start"
                .formatted(start, startStep, end));
      }
    }

    /** One whole epoch. */
    public static EpochRange only(int epoch) {
      return new EpochRange(epoch, 0, epoch + 1);
    }
  }

  /**
   * How micro-batches are read. What is read, and in which order each virtual worker gets its own,
   * does not depend on it.
   *
   * @param prefetch micro-batches to hold ready, at least 1
   * @param consecutive micro-batches of one virtual worker in a row before the next worker's, at
   *     least 1. A row starts at a multiple of this number and ends with the epoch
   * @param gatherBytes bytes of micro-batches that a full shuffle may gather at a time. The lower
   *     it is, the more often all blocks are read in an epoch. At least one row of every virtual
   *     worker is gathered, and one more ahead, whatever the value
   */
  public record Reading(int prefetch, int consecutive, long gatherBytes) implements Serializable {

    private static final long DEFAULT_GATHER_BYTES = 256L << 20;

    /** Checks the ranges. */
    public Reading {
      if (prefetch < 1 || consecutive < 1 || gatherBytes < 0) {
        throw new IllegalArgumentException(
            "prefetch=%d consecutive=%d gatherBytes=%d must be >= 1, >= 1 and >= 0"
                .formatted(prefetch, consecutive, gatherBytes));
      }
    }

    /** Workers take turns after every micro-batch; a full shuffle gathers up to 256 MiB. */
    public static Reading ahead(int prefetch) {
      return new Reading(prefetch, 1, DEFAULT_GATHER_BYTES);
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
    long inHand = (reading.prefetch() + 2L) * batchSize * handedOut + decodingBytes();
    if (order.shuffle().kind() == Shuffle.Kind.FULL) {
      return 2 * gatheredSteps() * stepBytes() + inHand;
    }
    // Rows that the split holds out are decoded with their blocks.
    double keep = Math.max(1, examples.holdout().examples(examples.split())) / (double) total;
    long range =
        (examples.holdout().examples(examples.split()) + workers.total() - 1) / workers.total();
    long ahead =
        Math.min(
            order.shuffle().kind() == Shuffle.Kind.NONE ? batchSize : order.shuffle().window(),
            range);
    long perWorker = 2 * (long) Math.ceil(ahead / keep) + 4 * largest;
    return workers.count() * perWorker * stored + inHand;
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
    long affordable = reading.gatherBytes() / 2 / stepBytes();
    long rows = Math.max(1, affordable / reading.consecutive());
    return Math.max(1, Math.min(rows * reading.consecutive(), steps()));
  }

  /** Bytes of one step's micro-batches, as they are handed out. */
  private long stepBytes() {
    long values = (long) batchSize * Float.BYTES * dataset.manifest().elementsPerExample();
    long objects = OBJECT_BYTES * (2 + dataset.manifest().tensors().size());
    return workers.count() * (values + objects);
  }

  private long steps() {
    long range =
        (examples.holdout().examples(examples.split()) + workers.total() - 1) / workers.total();
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
