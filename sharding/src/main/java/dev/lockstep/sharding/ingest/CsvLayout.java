package dev.lockstep.sharding.ingest;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the columns of CSV files are. Found from the first line by the driver; crosses to executors.
 *
 * @param header the first line of each file, or empty where there is none
 * @param columns number of columns
 * @param labelColumn index of the label, or -1
 * @param delimiter between values
 */
record CsvLayout(List<String> header, int columns, int labelColumn, char delimiter)
    implements Serializable {

  CsvLayout {
    header = List.copyOf(header);
  }

  /**
   * Reads the layout off the first line.
   *
   * @param file named in errors
   */
  static CsvLayout of(String firstLine, CsvOptions csv, String file) throws InvalidDataException {
    int atMost = (int) firstLine.chars().filter(c -> c == csv.delimiter()).count() + 1;
    String[] values = parser(csv.delimiter(), atMost).parseLine(firstLine);
    List<String> first =
        values == null ? List.of("") : Arrays.stream(values).map(CsvLayout::text).toList();
    boolean named = csv.header() == CsvOptions.Header.PRESENT;
    int label = labelColumn(first, named, csv, file);
    int features = first.size() - (label < 0 ? 0 : 1);
    if (features < 1) {
      throw new InvalidDataException(
          "%s has %d column, so no feature beside the label: is the delimiter '%s' right?"
              .formatted(file, first.size(), csv.delimiter()));
    }
    return new CsvLayout(named ? first : List.of(), first.size(), label, csv.delimiter());
  }

  private static int labelColumn(List<String> first, boolean named, CsvOptions csv, String file)
      throws InvalidDataException {
    if (csv.labelKind() == CsvOptions.LabelKind.NONE) {
      return -1;
    }
    if (csv.label().equals(CsvOptions.LAST)) {
      return first.size() - 1;
    }
    if (named) {
      int found = first.indexOf(csv.label());
      if (found != first.lastIndexOf(csv.label())) {
        throw new InvalidDataException(
            "%s has several columns named %s: give the label's index".formatted(file, csv.label()));
      }
      if (found >= 0) {
        return found;
      }
    }
    if (csv.label().matches("\\d{1,9}")) {
      int index = Integer.parseInt(csv.label());
      if (index < first.size()) {
        return index;
      }
      throw new InvalidDataException(
          "label column %d of %s is not in [0, columns=%d)".formatted(index, file, first.size()));
    }
    throw new InvalidDataException(
        named
            ? "%s has no column %s: its columns are %s".formatted(file, csv.label(), first)
            : "label column %s of %s: without a header, give its index"
                .formatted(csv.label(), file));
  }

  /** A parser of lines with these columns; it refuses more. */
  CsvParser parser() {
    return parser(delimiter, columns);
  }

  private static CsvParser parser(char delimiter, int columns) {
    CsvParserSettings settings = new CsvParserSettings();
    settings.getFormat().setDelimiter(delimiter);
    settings.getFormat().setComment('\0');
    settings.setMaxColumns(columns);
    settings.setMaxCharsPerColumn(1 << 16);
    settings.setEmptyValue("");
    settings.setNullValue("");
    settings.setLineSeparatorDetectionEnabled(false);
    return new CsvParser(settings);
  }

  /**
   * The values of a line.
   *
   * @throws InvalidDataException with a message that goes behind the place of the line
   */
  String[] split(CsvParser parser, String line) throws InvalidDataException {
    String[] values;
    try {
      values = parser.parseLine(line);
    } catch (TextParsingException e) {
      throw new InvalidDataException(
          "more than the %d columns of the first line, or a value that is too long"
              .formatted(columns));
    }
    if (values == null || values.length != columns) {
      throw new InvalidDataException(
          "%d values, but the first line has %d columns"
              .formatted(values == null ? 0 : values.length, columns));
    }
    return values;
  }

  /** What people call a column: its name, or its index from 0. */
  String columnName(int column) {
    return header.isEmpty() ? "column " + column : "column " + header.get(column);
  }

  int features() {
    return labelColumn < 0 ? columns : columns - 1;
  }

  /** Names of the feature columns, or nothing without a header. */
  List<String> featureNames() {
    List<String> names = new ArrayList<>(header);
    if (!names.isEmpty() && labelColumn >= 0) {
      names.remove(labelColumn);
    }
    return names;
  }

  static String text(String value) {
    return value == null ? "" : value.strip();
  }
}
