package dev.lockstep.sharding;

import dev.lockstep.sharding.ReaderOptions.Normalization;
import java.io.Serializable;
import java.util.Objects;

/**
 * Which items of which IDX files, how many classes, and what a pixel's value becomes.
 *
 * @param prefix of the file names, for example {@code train-} for {@code train-images-idx3-ubyte};
 *     {@link #FIND} takes the first that is there of none, {@code train-} and {@code t10k-}
 * @param classes number of classes; {@link #COUNT} takes the highest label + 1
 * @param items which of the images, with their labels
 * @param normalization of byte/255
 */
public record IdxOptions(String prefix, int classes, Items items, Normalization normalization)
    implements ReaderOptions {

  /** Value of {@code prefix} that looks for the usual names. */
  public static final String FIND = "?";

  /** Value of {@code classes} that looks at the labels. */
  public static final int COUNT = 0;

  /**
   * A range of the files' items.
   *
   * @param from the first, counted from 0
   * @param to the first not taken, above {@code from}; may lie beyond the last there is
   */
  public record Items(int from, int to) implements Serializable {

    /** All that there are. */
    public static final Items ALL = new Items(0, Integer.MAX_VALUE);

    /** Checks the order. */
    public Items {
      if (from < 0 || to <= from) {
        throw new IllegalArgumentException(
            "items from=%d to=%d: must be >= 0 and > from".formatted(from, to));
      }
    }
  }

  /** Checks the ranges. */
  public IdxOptions {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(items, "items");
    Objects.requireNonNull(normalization, "normalization");
    if (classes < 0 || classes > 256) {
      throw new IllegalArgumentException("classes=" + classes + " must be in [0, 256]");
    }
  }

  /** All items, pixels in [0, 1]. */
  public IdxOptions(String prefix, int classes) {
    this(prefix, classes, Items.ALL, Normalization.NONE);
  }

  /** The usual names, classes counted, all items, pixels in [0, 1]. */
  public static IdxOptions defaults() {
    return new IdxOptions(FIND, COUNT);
  }

  /** The same of items {@code [from, to)}, counted from 0; {@code to} may exceed their number. */
  public IdxOptions items(int from, int to) {
    return new IdxOptions(prefix, classes, new Items(from, to), normalization);
  }

  /** The same with pixels (byte/255 − mean) / deviation: 0.5 and 0.5 give [−1, 1]. */
  public IdxOptions normalized(double mean, double deviation) {
    return new IdxOptions(
        prefix, classes, items, new Normalization((float) mean, (float) deviation));
  }
}
