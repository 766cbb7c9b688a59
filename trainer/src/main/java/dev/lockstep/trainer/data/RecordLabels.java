package dev.lockstep.trainer.data;

import java.io.Serializable;

/**
 * Which columns of a DataVec record are labels, as DL4J's {@code RecordReaderDataSetIterator} takes
 * them; all others are features. Crosses between driver and executors.
 *
 * @param from first column of the labels, counted from 0
 * @param to their last column
 * @param classes number of classes that the one column holds; {@link #NUMBERS} if the columns are
 *     numbers
 */
public record RecordLabels(int from, int to, int classes) implements Serializable {

  /** Value of {@code classes} for columns of numbers. */
  public static final int NUMBERS = 0;

  /** Checks the ranges. */
  public RecordLabels {
    if (from < 0 || to < from) {
      throw new IllegalArgumentException(
          "labels from=" + from + " to=" + to + ": give columns counted from 0, in order");
    }
    if (classes != NUMBERS && (classes < 2 || from != to)) {
      throw new IllegalArgumentException(
          "labels from="
              + from
              + " to="
              + to
              + " classes="
              + classes
              + ": classes are one column, of 2 classes or more");
    }
  }

  /** A column that holds classes: integers in [0, classes). */
  public static RecordLabels classes(int column, int classes) {
    return new RecordLabels(column, column, classes);
  }

  /** Columns of numbers. */
  public static RecordLabels numbers(int from, int to) {
    return new RecordLabels(from, to, NUMBERS);
  }

  /** What the labels mean once they are data sets. */
  public LabelEncoding encoding() {
    return classes == NUMBERS ? LabelEncoding.NUMBERS : LabelEncoding.DETECT;
  }
}
