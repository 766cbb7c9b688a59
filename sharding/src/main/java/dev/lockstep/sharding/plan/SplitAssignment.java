package dev.lockstep.sharding.plan;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How many examples of each class of each data shard go to which split, and which: a pure function
 * of (splitSpec, counts). Frozen once released. Immutable; crosses from driver to executors.
 *
 * <p>Over all data shards, and for each class where stratified, exactly round((validation + test) ·
 * n) of n examples are held out, and of these h exactly round(test / (validation + test) · h) for
 * test. Inside a shard they are chosen one by one as they come, each remaining place equally
 * likely: selection sampling (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm
 * S), here with three kinds of places.
 */
public final class SplitAssignment implements Serializable {

  private static final long serialVersionUID = 1;

  /** Keeps these random choices apart from all others made with the same seed. */
  private static final long DOMAIN = 0x4445414C494E47L; // frozen

  /** By place in the arrays below: frozen. */
  private static final List<Split> ORDER = List.of(Split.TRAINING, Split.VALIDATION, Split.TEST);

  private static final int SPLITS = ORDER.size();

  private final SplitSpec splitSpec;

  /** Places by shard, class and split. */
  private final long[][][] places;

  private SplitAssignment(SplitSpec splitSpec, long[][][] places) {
    this.splitSpec = splitSpec;
    this.places = places;
  }

  static SplitAssignment of(SplitSpec splitSpec, long[][] counts) {
    int classes = counts.length == 0 ? 0 : counts[0].length;
    if (splitSpec.method() != SplitSpec.Method.STRATIFIED && classes > 1) {
      throw new IllegalArgumentException(
          "counts of %d classes for method=%s: only STRATIFIED assigns by class"
              .formatted(classes, splitSpec.method()));
    }
    long[][][] places = new long[counts.length][classes][SPLITS];
    for (int c = 0; c < classes; c++) {
      long total = 0;
      for (long[] shard : counts) {
        total += shard[c];
      }
      long seen = 0;
      long[] before = new long[SPLITS];
      for (int s = 0; s < counts.length; s++) {
        seen += counts[s][c];
        long[] due = due(splitSpec, seen, total);
        for (int p = 0; p < SPLITS; p++) {
          places[s][c][p] = due[p] - before[p];
        }
        before = due;
      }
    }
    refuseEmpty(splitSpec, places);
    return new SplitAssignment(splitSpec, places);
  }

  /** Examples that the splits have among the first {@code seen} of {@code total}. */
  private static long[] due(SplitSpec splitSpec, long seen, long total) {
    double out = splitSpec.validation() + splitSpec.test();
    double ofOut = out == 0 ? 0 : splitSpec.test() / out;
    if (splitSpec.method() == SplitSpec.Method.CHRONOLOGICAL) {
      long held = Math.round(out * total);
      long test = Math.round(ofOut * held);
      long forTraining = Math.min(seen, total - held);
      long forTest = Math.max(0, seen - (total - test));
      return new long[] {forTraining, seen - forTraining - forTest, forTest};
    }
    long held = Math.round(out * seen);
    long test = Math.round(ofOut * held);
    return new long[] {seen - held, held - test, test};
  }

  private static void refuseEmpty(SplitSpec splitSpec, long[][][] places) {
    long[] totals = new long[SPLITS];
    for (long[][] shard : places) {
      for (long[] each : shard) {
        for (int p = 0; p < SPLITS; p++) {
          totals[p] += each[p];
        }
      }
    }
    double[] asked = {1, splitSpec.validation(), splitSpec.test()};
    for (int p = 0; p < SPLITS; p++) {
      if (asked[p] > 0 && totals[p] == 0) {
        throw new IllegalArgumentException(
            "validation=%s and test=%s of %d examples leave none for %s: change the fractions, or use more data"
                .formatted(
                    splitSpec.validation(),
                    splitSpec.test(),
                    Arrays.stream(totals).sum(),
                    ORDER.get(p).name().toLowerCase(Locale.ROOT)));
      }
    }
  }

  /** Assigns the examples of a data shard, in their order. */
  public ShardAssigner assigner(int shard) {
    return new ShardAssigner(shard);
  }

  /** Assigns the examples of one data shard. For one thread. */
  public final class ShardAssigner {

    private final int shard;
    private final long[][] left;
    private final SplitMix64 random;

    private ShardAssigner(int shard) {
      this.shard = shard;
      left = Arrays.stream(places[shard]).map(long[]::clone).toArray(long[][]::new);
      random = new SplitMix64(Seeds.mix(DOMAIN, splitSpec.seed(), shard));
    }

    /**
     * The split of the next example.
     *
     * @param exampleClass its class; 0 unless stratified
     * @throws IllegalStateException when more examples come than were counted
     */
    public Split next(int exampleClass) {
      long[] free = left[exampleClass];
      long total = free[0] + free[1] + free[2];
      if (total == 0) {
        throw new IllegalStateException(
            "data shard %d has more examples of class %d than were counted: the data changed"
                .formatted(shard, exampleClass));
      }
      int chosen = 0;
      if (splitSpec.method() == SplitSpec.Method.CHRONOLOGICAL) {
        while (free[chosen] == 0) {
          chosen++;
        }
      } else {
        for (long draw = random.below(Math.toIntExact(total)); draw >= free[chosen]; chosen++) {
          draw -= free[chosen];
        }
      }
      free[chosen]--;
      return ORDER.get(chosen);
    }

    /**
     * Checks that as many examples came as were counted.
     *
     * @throws IllegalStateException if fewer came
     */
    public void requireAllAssigned() {
      long missing = Arrays.stream(left).flatMapToLong(Arrays::stream).sum();
      if (missing > 0) {
        throw new IllegalStateException(
            "data shard %d has %d examples fewer than were counted: the data changed"
                .formatted(shard, missing));
      }
    }
  }
}
