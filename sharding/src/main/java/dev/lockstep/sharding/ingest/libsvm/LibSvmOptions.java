package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * How LIBSVM text is to be read: one example a line, {@code label index:value index:value …}, with
 * indices from 1, ascending; values not named are 0. What follows a {@code #} is a comment; lines
 * of nothing else are skipped.
 *
 * @param labelKind what the label of each line is; with {@link LabelKind#NONE} it is not looked at
 * @param features number of features, or {@link #FIND} for the highest index in the data. Give that
 *     of the training data when other data for the same model are read
 * @param classes for {@link LabelKind#CLASSIFICATION}: the classes, in the order of their indices;
 *     empty finds them in the data and sorts them, as numbers when all are integers: −1 before +1.
 *     Give those of the training data when other data for the same model are read
 * @param maxBytes what all examples may take when every 0 is written out; more is refused
 */
public record LibSvmOptions(LabelKind labelKind, int features, List<String> classes, long maxBytes)
    implements Serializable {

  /** Value of {@code features} that takes the highest index in the data. */
  public static final int FIND = 0;

  private static final long DEFAULT_MAX_BYTES = 64L << 30;

  /** Checks the fields against each other. */
  public LibSvmOptions {
    Objects.requireNonNull(labelKind, "labelKind");
    classes = List.copyOf(classes);
    if (features < 0 || maxBytes < 1) {
      throw new IllegalArgumentException(
          "features=%d maxBytes=%d must be >= 0 and >= 1".formatted(features, maxBytes));
    }
    if (!classes.isEmpty() && labelKind != LabelKind.CLASSIFICATION) {
      throw new IllegalArgumentException(
          "%d classes given for labelKind=%s: they belong to CLASSIFICATION"
              .formatted(classes.size(), labelKind));
    }
    if (classes.stream().distinct().count() != classes.size()) {
      throw new IllegalArgumentException("classes=" + classes + " names one of them twice");
    }
  }

  /** Features and classes found in the data, at most 64 GiB. */
  public static LibSvmOptions of(LabelKind labelKind) {
    return new LibSvmOptions(labelKind, FIND, List.of(), DEFAULT_MAX_BYTES);
  }

  /** The same with a given number of features. */
  public LibSvmOptions features(int other) {
    return new LibSvmOptions(labelKind, other, classes, maxBytes);
  }

  /** The same with given classes. */
  public LibSvmOptions classes(List<String> other) {
    return new LibSvmOptions(labelKind, features, other, maxBytes);
  }

  /** The same with another limit to the size. */
  public LibSvmOptions maxBytes(long other) {
    return new LibSvmOptions(labelKind, features, classes, other);
  }
}
