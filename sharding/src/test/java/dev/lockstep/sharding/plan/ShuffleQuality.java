package dev.lockstep.sharding.plan;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How far an order is from a full shuffle, for a dataset whose file is sorted by label. Each number
 * is about one epoch of V = 4 virtual workers with b = 32.
 *
 * @param dispersion variance of the count of a class in a global batch, over what it is when
 *     batches are drawn at random without replacement: 1 for a full shuffle
 * @param adjacency share of the pairs of neighbors in the file that meet in one global batch, over
 *     the share in a full shuffle, about 128/N: 1 for a full shuffle
 * @param correlation Spearman's, of an example's place in the epoch and in the file: 0 for a full
 *     shuffle
 */
record ShuffleQuality(double dispersion, double adjacency, double correlation) {

  private static final int VIRTUAL_WORKERS = 4;
  private static final int BATCH = 32;
  private static final int CLASSES = 10;

  /** The mean over epochs; of the correlation's magnitude. */
  static ShuffleQuality mean(int examples, int block, Shuffle shuffle, int epochs) {
    double dispersion = 0;
    double adjacency = 0;
    double correlation = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
      ShuffleQuality one = of(examples, block, shuffle, epoch);
      dispersion += one.dispersion / epochs;
      adjacency += one.adjacency / epochs;
      correlation += Math.abs(one.correlation) / epochs;
    }
    return new ShuffleQuality(dispersion, adjacency, correlation);
  }

  /** Of one epoch of a dataset in blocks of one size, the last one shorter. */
  static ShuffleQuality of(int examples, int block, Shuffle shuffle, int epoch) {
    int[] sizes = new int[(examples + block - 1) / block];
    Arrays.fill(sizes, block);
    sizes[sizes.length - 1] = examples - (sizes.length - 1) * block;
    EpochPlan plan = EpochPlan.of(42, epoch, VIRTUAL_WORKERS, sizes, shuffle);
    EpochPlan.Place[][] ranges = new EpochPlan.Place[VIRTUAL_WORKERS][];
    for (int v = 0; v < VIRTUAL_WORKERS; v++) {
      ranges[v] = plan.places(v, 0, (int) plan.rangeLength(v));
    }
    int[] batchOf = new int[examples];
    double squares = 0;
    double expected = 0;
    double ranks = 0;
    long place = 0;
    for (int step = 0; step < plan.steps(BATCH); step++) {
      int[] counts = new int[CLASSES];
      int size = 0;
      for (int v = 0; v < VIRTUAL_WORKERS; v++) {
        for (int i = 0; i < plan.batchLength(v, step, BATCH); i++) {
          EpochPlan.Place at = ranges[v][step * BATCH + i];
          int example = at.block() * block + at.index();
          batchOf[example] = step;
          counts[(int) ((long) example * CLASSES / examples)]++;
          ranks += Math.pow(place++ - (double) example, 2);
          size++;
        }
      }
      double p = 1.0 / CLASSES;
      for (int count : counts) {
        squares += (count - size * p) * (count - size * p);
        expected += size * p * (1 - p) * (examples - size) / (examples - 1);
      }
    }
    int met = 0;
    for (int i = 1; i < examples; i++) {
      met += batchOf[i] == batchOf[i - 1] ? 1 : 0;
    }
    double globalBatch = VIRTUAL_WORKERS * BATCH;
    return new ShuffleQuality(
        squares / expected,
        met / ((examples - 1) * (globalBatch - 1) / (examples - 1)),
        1 - 6 * ranks / (examples * ((double) examples * examples - 1)));
  }

  /** Prints the table of the Javadoc of {@link EpochPlan}. */
  public static void main(String[] args) {
    for (int examples : new int[] {20_000, 100_000, 1_000_000}) {
      for (int block : new int[] {167, 1024}) {
        for (Shuffle shuffle :
            List.of(
                Shuffle.NONE,
                Shuffle.within(256),
                Shuffle.within(1024),
                Shuffle.within(4096),
                Shuffle.within(16_384),
                Shuffle.within(24 * 1024),
                Shuffle.within(32 * 1024),
                Shuffle.FULL)) {
          ShuffleQuality mean = mean(examples, block, shuffle, examples > 500_000 ? 2 : 5);
          System.out.printf(
              Locale.ROOT,
              "%,9d %5d %6s %6d %8.2f %8.2f %7.4f%n",
              examples,
              block,
              shuffle.kind(),
              shuffle.window(),
              mean.dispersion,
              mean.adjacency,
              mean.correlation);
        }
      }
    }
  }
}
