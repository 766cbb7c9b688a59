package dev.lockstep.sharding.plan;

import java.util.Arrays;

/**
 * Which example each virtual worker uses when, in one epoch: a pure function of (seed, epoch, V,
 * block sizes, shuffle). Frozen once released. Immutable; cheap to build wherever it is needed.
 *
 * <pre>
 * blocks        0 1 2 3 4 5          sizes n_b, N examples
 * permuted      3 0 5 1 4 2          by (seed, epoch)
 * sequence      [ 3 | 0 | 5 | 1 | 4 | 2 ]      N positions
 * ranges         [  v=0  |  v=1  |  v=2  ]      V ranges, lengths differ by at most 1
 * windows       [ k=0 | k=1 | k ]              of each range; each permuted by (seed, epoch, v, k)
 * micro-batches [0|1|2|3|4|5|6|7]              step s of v takes range positions [s·b, (s+1)·b)
 * </pre>
 *
 * <p>That is {@link Shuffle.Kind#WINDOW}. With {@code NONE} nothing is permuted: ranges follow the
 * order of the file. With {@code FULL} blocks stay in the order of the file and the whole sequence
 * is permuted instead: position p holds example π(p), π by (seed, epoch), and ranges are cut from
 * that; so a global batch is a uniformly random choice, whatever the sizes of blocks, and every
 * block has examples for every virtual worker.
 *
 * <p>A window shuffle is not a full one: a global batch comes from the few blocks that the windows
 * of its step touch. Where examples of a block are alike, as in a file sorted by label, they are
 * alike in batches too. Measured for ten classes one after the other in the file, V = 4, b = 32:
 * how much the count of a class varies between global batches, as the ratio of its variance to that
 * of batches drawn at random without replacement (1 is perfect; it is about 1 + b · block / window
 * where ranges are much longer than windows); and how often neighbors in the file meet in one
 * global batch, as the ratio to a full shuffle.
 *
 * <pre>
 * examples   block  window       variance  neighbors
 * any        any    none           21.3    N / 131
 * 100,000      167     256         17.0     95
 * 100,000      167   1,024          5.9     24
 * 100,000      167   4,096          2.3      6.7    suited to images of 28 x 28
 * 1,000,000    167   4,096          2.2     60
 * 100,000    1,024   4,096          6.8      6.7
 * 1,000,000  1,024   4,096          7.9     61
 * 1,000,000  1,024  16,384          3.0     16
 * 1,000,000  1,024  24,576          2.3     10      suited to rows of a table
 * 1,000,000  1,024  32,768          1.9      7.3
 * any        any    full            1.0      1.0
 * </pre>
 *
 * <p>Spearman's correlation of an example's place in the epoch and in the file, 0.25 without a
 * shuffle, is that of as many random numbers as there are blocks: 0.02 for 1,000 blocks. So the
 * number of blocks in a window is what counts, and {@link Shuffle#suited} takes 24 at least, for
 * which the variance of a class is about twice that of a full shuffle whatever the size of an
 * example. A small network on ten classes, sorted: 71.7 % by windows of 24 blocks, 72.3 % by a full
 * shuffle, 71.5 % on the same examples in random order, each ± 0.7 %, and far less as they are
 * ({@code SortedDataTest} of the trainer); in a longer epoch of the same kind windows ended 2 %
 * below the others. Windows of a few blocks do not do for sorted files: shuffle fully, or take
 * smaller blocks.
 */
public final class EpochPlan {

  /** Keep the plan's random choices apart from all others made with the same seed. */
  private static final long BLOCKS = 0x424C4F434B53L; // "BLOCKS"

  private static final long WINDOW = 0x57494E444F57L; // "WINDOW"

  private static final long FULL = 0x46554C4CL; // "FULL"

  private final long seed;
  private final int epoch;
  private final int virtualWorkers;
  private final int window;

  /** Of all examples, by their place in the file; null unless the shuffle is full. */
  private final FeistelPermutation examples;

  /** Blocks in the order of this epoch, empty ones left out. */
  private final int[] blocks;

  /** First position of each of them in the sequence, and N at the end. */
  private final long[] starts;

  private EpochPlan(
      long seed, int epoch, int virtualWorkers, Shuffle shuffle, int[] blocks, long[] starts) {
    this.seed = seed;
    this.epoch = epoch;
    this.virtualWorkers = virtualWorkers;
    this.window = shuffle.window();
    this.examples =
        shuffle.kind() == Shuffle.Kind.FULL
            ? new FeistelPermutation(starts[blocks.length], Seeds.mix(FULL, seed, epoch))
            : null;
    this.blocks = blocks;
    this.starts = starts;
  }

  /**
   * Plans an epoch.
   *
   * @param seed of the run
   * @param epoch counted from 0
   * @param virtualWorkers V, at least 1; may exceed the number of examples
   * @param blockSizes examples of each block, zeros allowed
   * @param shuffle how far from the order of the file
   */
  public static EpochPlan of(
      long seed, int epoch, int virtualWorkers, int[] blockSizes, Shuffle shuffle) {
    if (epoch < 0 || virtualWorkers < 1) {
      throw new IllegalArgumentException(
          "epoch=%d virtualWorkers=%d must be >= 0 and >= 1".formatted(epoch, virtualWorkers));
    }
    int n = blockSizes.length;
    int[] order =
        shuffle.kind() == Shuffle.Kind.WINDOW
            ? SplitMix64.permutation(n, Seeds.mix(BLOCKS, seed, epoch))
            : SplitMix64.identity(n);
    int[] blocks = new int[n];
    long[] starts = new long[n + 1];
    int used = 0;
    for (int block : order) {
      if (blockSizes[block] < 0) {
        throw new IllegalArgumentException(
            "blockSizes[%d]=%d < 0".formatted(block, blockSizes[block]));
      }
      if (blockSizes[block] > 0) {
        blocks[used] = block;
        starts[used + 1] = starts[used] + blockSizes[block];
        used++;
      }
    }
    return new EpochPlan(
        seed,
        epoch,
        virtualWorkers,
        shuffle,
        Arrays.copyOf(blocks, used),
        Arrays.copyOf(starts, used + 1));
  }

  /** Examples of the epoch. */
  public long examples() {
    return starts[blocks.length];
  }

  /** First position of a virtual worker's range in the sequence. */
  public long rangeStart(int v) {
    long shortRange = examples() / virtualWorkers;
    long longRanges = examples() % virtualWorkers;
    return v * shortRange + Math.min(v, longRanges);
  }

  /** Examples of a virtual worker's range. */
  public long rangeLength(int v) {
    if (v < 0 || v >= virtualWorkers) {
      throw new IllegalArgumentException(
          "v=%d must be in [0, virtualWorkers=%d)".formatted(v, virtualWorkers));
    }
    return rangeStart(v + 1) - rangeStart(v);
  }

  /**
   * Steps of the epoch: what the longest range needs. Shorter ranges have a smaller or no
   * micro-batch in the last step.
   */
  public long steps(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize=" + batchSize + " must be >= 1");
    }
    return (rangeLength(0) + batchSize - 1) / batchSize;
  }

  /** Examples of a virtual worker's micro-batch in one step: batchSize, or what is left, or 0. */
  public int batchLength(int v, long step, int batchSize) {
    return (int) Math.max(0, Math.min(batchSize, rangeLength(v) - step * batchSize));
  }

  /** The virtual worker whose range has a position of the sequence. */
  public int virtualWorkerAt(long position) {
    requirePosition(position);
    long shortRange = examples() / virtualWorkers;
    long longRanges = examples() % virtualWorkers;
    long inLongRanges = longRanges * (shortRange + 1);
    return (int)
        (position < inLongRanges
            ? position / (shortRange + 1)
            : longRanges + (position - inLongRanges) / shortRange);
  }

  /** Examples among which a range is shuffled; 0 when it has no windows. */
  public int window() {
    return window;
  }

  /**
   * The order inside window k of a range: element i is the offset, from the window's first
   * position, of the i-th example used. Shape {@code [window]}, or shorter for the range's last
   * window.
   */
  public int[] windowOrder(int v, long k) {
    if (window == 0) {
      throw new IllegalStateException("window=0: ranges of this shuffle have no windows");
    }
    int length = (int) Math.min(window, rangeLength(v) - k * window);
    return SplitMix64.permutation(length, Seeds.mix(WINDOW, seed, epoch, v, k));
  }

  /**
   * The position of the sequence at which a full shuffle uses an example.
   *
   * @param example counted over all blocks, in the order of the file
   */
  public long positionOf(long example) {
    if (examples == null) {
      throw new IllegalStateException("positions can be looked up in a full shuffle only");
    }
    return examples.indexOf(example);
  }

  private void requirePosition(long position) {
    if (position < 0 || position >= examples()) {
      throw new IllegalArgumentException(
          "position=%d must be in [0, examples=%d)".formatted(position, examples()));
    }
  }

  /** Blocks of the epoch: those that are not empty. */
  public int blocks() {
    return blocks.length;
  }

  /**
   * The block, in this epoch's order, that holds a position of the sequence before a full shuffle
   * permutes it.
   */
  public int blockRankAt(long position) {
    requirePosition(position);
    int found = Arrays.binarySearch(starts, position);
    return found >= 0 ? found : -found - 2;
  }

  /** The dataset's block at a place in this epoch's order. */
  public int block(int rank) {
    return blocks[rank];
  }

  /** First position, in the sequence, of the block at a place in this epoch's order. */
  public long blockStart(int rank) {
    return starts[rank];
  }

  /**
   * Where the examples at range positions {@code [from, from + count)} of a virtual worker are, in
   * the order of use. For inspection and tests; {@code MicroBatchStream} walks windows and blocks
   * instead.
   */
  public Place[] places(int v, long from, int count) {
    Place[] places = new Place[count];
    long loaded = -1;
    int[] order = null;
    for (int i = 0; i < count; i++) {
      long inRange = from + i;
      if (window > 0) {
        long k = inRange / window;
        if (k != loaded) {
          order = windowOrder(v, k);
          loaded = k;
        }
        inRange = k * window + order[(int) (inRange % window)];
      }
      long position = rangeStart(v) + inRange;
      if (examples != null) {
        position = examples.at(position);
      }
      int rank = blockRankAt(position);
      places[i] = new Place(blocks[rank], (int) (position - starts[rank]));
    }
    return places;
  }

  /**
   * One example.
   *
   * @param block index of its block in the dataset
   * @param index among the examples of that block that belong to the plan
   */
  public record Place(int block, int index) {}
}
