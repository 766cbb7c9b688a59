package dev.lockstep.sharding.plan;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Which examples of each block are held out: a pure function of (seed, fraction, block sizes), or
 * what the dataset was written with. Immutable; crosses from driver to executors.
 *
 * <p>Block b of n examples holds out h of them, h being what keeps the running total at the rounded
 * fraction of all examples so far; so the whole dataset holds out exactly round(fraction · N).
 */
public final class Holdout implements Serializable {

  private static final long serialVersionUID = 1;

  /** Keeps the split's random choices apart from all others made with the same seed. */
  private static final long DOMAIN = 0x53504C4954L; // "SPLIT"

  private final long seed;
  private final int[] blockSizes;
  private final int[] heldOut;

  /** The split of each whole block, or null where a fraction of each block is held out. */
  private final Split[] splits;

  private Holdout(long seed, int[] blockSizes, int[] heldOut, Split[] splits) {
    this.seed = seed;
    this.blockSizes = blockSizes;
    this.heldOut = heldOut;
    this.splits = splits;
  }

  /**
   * The split that a dataset was written with: every block belongs to one split.
   *
   * @param splits of each block; copied
   * @param blockSizes examples of each block; copied
   */
  public static Holdout stored(Split[] splits, int[] blockSizes) {
    if (splits.length != blockSizes.length) {
      throw new IllegalArgumentException(
          "splits of %d blocks for %d blocks".formatted(splits.length, blockSizes.length));
    }
    return new Holdout(0, blockSizes.clone(), new int[blockSizes.length], splits.clone());
  }

  /**
   * Splits a dataset.
   *
   * @param seed of the choice
   * @param validationFraction in [0, 1); 0 holds out nothing
   * @param blockSizes examples of each block; copied
   * @throws IllegalArgumentException when either side of a split with fraction > 0 would be empty
   */
  public static Holdout of(long seed, double validationFraction, int[] blockSizes) {
    if (!(validationFraction >= 0 && validationFraction < 1)) {
      throw new IllegalArgumentException(
          "validationFraction=" + validationFraction + " must be in [0, 1)");
    }
    int[] heldOut = new int[blockSizes.length];
    long seen = 0;
    long held = 0;
    for (int b = 0; b < blockSizes.length; b++) {
      if (blockSizes[b] < 0) {
        throw new IllegalArgumentException("blockSizes[%d]=%d < 0".formatted(b, blockSizes[b]));
      }
      seen += blockSizes[b];
      long due = Math.round(validationFraction * seen);
      heldOut[b] = (int) (due - held);
      held = due;
    }
    if (validationFraction > 0 && (held == 0 || held == seen)) {
      throw new IllegalArgumentException(
          "validationFraction=%s of %d examples leaves no %s example: %s it, or use more data"
              .formatted(
                  validationFraction,
                  seen,
                  held == 0 ? "validation" : "training",
                  held == 0 ? "raise" : "lower"));
    }
    return new Holdout(seed, blockSizes.clone(), heldOut, null);
  }

  /** Number of blocks. */
  public int blocks() {
    return blockSizes.length;
  }

  /** Examples of each block that are on this side; may hold zeros. */
  public int[] sizes(Split split) {
    int[] sizes = new int[blockSizes.length];
    for (int b = 0; b < sizes.length; b++) {
      sizes[b] = size(split, b);
    }
    return sizes;
  }

  /** Examples on this side. */
  public long examples(Split split) {
    return Arrays.stream(sizes(split)).asLongStream().sum();
  }

  private int size(Split split, int block) {
    if (splits != null) {
      return splits[block] == split ? blockSizes[block] : 0;
    }
    return switch (split) {
      case TRAINING -> blockSizes[block] - heldOut[block];
      case VALIDATION -> heldOut[block];
      case TEST -> 0;
    };
  }

  /**
   * The rows of a block that are on this side, ascending: all or none of a stored split; else those
   * at the end of a seeded permutation are held out.
   */
  public int[] rows(Split split, int block) {
    if (splits != null || split == Split.TEST) {
      return SplitMix64.identity(size(split, block));
    }
    int n = blockSizes[block];
    int training = n - heldOut[block];
    int[] rows =
        heldOut[block] == 0
            ? SplitMix64.identity(n)
            : SplitMix64.permutation(n, Seeds.mix(DOMAIN, seed, block));
    int[] side =
        split == Split.TRAINING
            ? Arrays.copyOf(rows, training)
            : Arrays.copyOfRange(rows, training, n);
    Arrays.sort(side);
    return side;
  }
}
