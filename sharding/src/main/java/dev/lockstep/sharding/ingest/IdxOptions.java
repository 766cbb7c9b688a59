package dev.lockstep.sharding.ingest;

import java.io.Serializable;
import java.util.Objects;

/**
 * Which IDX files, and how many classes.
 *
 * @param prefix of the file names, for example {@code train-} for {@code train-images-idx3-ubyte};
 *     {@link #FIND} takes the first that is there of none, {@code train-} and {@code t10k-}
 * @param classes number of classes; {@link #COUNT} takes the highest label + 1
 */
public record IdxOptions(String prefix, int classes) implements Serializable {

  /** Value of {@code prefix} that looks for the usual names. */
  public static final String FIND = "?";

  /** Value of {@code classes} that looks at the labels. */
  public static final int COUNT = 0;

  /** Checks the ranges. */
  public IdxOptions {
    Objects.requireNonNull(prefix, "prefix");
    if (classes < 0 || classes > 256) {
      throw new IllegalArgumentException("classes=" + classes + " must be in [0, 256]");
    }
  }

  /** The usual names, classes counted. */
  public static IdxOptions defaults() {
    return new IdxOptions(FIND, COUNT);
  }
}
