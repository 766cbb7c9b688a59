package dev.lockstep.sharding.ingest.csv;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * How CSV is to be read. Files are UTF-8, one row a line; values may be quoted, but not contain
 * line breaks. Empty lines are skipped.
 *
 * @param header whether the first line of each file names the columns
 * @param delimiter between values
 * @param label column of the label: its name, or its index from 0, or {@link #LAST}
 * @param labelKind what the label is
 * @param classes for {@link LabelKind#CLASSIFICATION}: the classes, in the order of their indices;
 *     empty finds them in the data and sorts them, as numbers when all are integers. Give those of
 *     the training data when other data for the same model are read
 */
public record CsvOptions(
    Header header, char delimiter, String label, LabelKind labelKind, List<String> classes)
    implements Serializable {

  /** Value of {@code label} for the last column. */
  public static final String LAST = "";

  /** Whether files begin with a line of column names. */
  public enum Header {
    /** The first line of each file names the columns. */
    PRESENT,
    /** The first line is data. */
    ABSENT
  }

  /** What the label column holds. */
  public enum LabelKind {
    /** A class: any text, or integers. */
    CLASSIFICATION,
    /** A number to predict. */
    REGRESSION,
    /** There is none: all columns are features. */
    NONE
  }

  /** Checks the fields against each other. */
  public CsvOptions {
    Objects.requireNonNull(header, "header");
    Objects.requireNonNull(label, "label");
    Objects.requireNonNull(labelKind, "labelKind");
    classes = List.copyOf(classes);
    if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
      throw new IllegalArgumentException("delimiter must not be a quote or a line break");
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

  /** Commas, a class in the last column, classes found in the data. */
  public static CsvOptions of(Header header) {
    return new CsvOptions(header, ',', LAST, LabelKind.CLASSIFICATION, List.of());
  }

  /** The same with another delimiter. */
  public CsvOptions delimiter(char other) {
    return new CsvOptions(header, other, label, labelKind, classes);
  }

  /** The same with another label column. */
  public CsvOptions label(String other) {
    return new CsvOptions(header, delimiter, other, labelKind, classes);
  }

  /** The same with another kind of label, and no given classes. */
  public CsvOptions labelKind(LabelKind other) {
    return new CsvOptions(header, delimiter, label, other, List.of());
  }

  /** The same with given classes. */
  public CsvOptions classes(List<String> other) {
    return new CsvOptions(header, delimiter, label, labelKind, other);
  }
}
