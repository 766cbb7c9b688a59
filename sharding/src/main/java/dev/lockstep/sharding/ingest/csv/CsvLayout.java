package dev.lockstep.sharding.ingest.csv;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the columns of CSV files are. Found from the first line by the driver; crosses to executors.
 *
 * @param header the first line of each file, or empty where there is none
 * @param columns number of columns
 * @param delimiter between values
 */
record CsvLayout(List<String> header, int columns, char delimiter) implements Serializable {

  CsvLayout {
    header = List.copyOf(header);
  }

  /** Reads the layout off the first line. */
  static CsvLayout of(String firstLine, CsvOptions csv) {
    int atMost = (int) firstLine.chars().filter(c -> c == csv.delimiter()).count() + 1;
    String[] values = parser(csv.delimiter(), atMost).parseLine(firstLine);
    List<String> first =
        values == null ? List.of("") : Arrays.stream(values).map(CsvLayout::text).toList();
    boolean named = csv.header() == CsvOptions.Header.PRESENT;
    return new CsvLayout(named ? first : List.of(), first.size(), csv.delimiter());
  }

  /**
   * Names of the columns: the index, from 0, of one that has no name of its own, behind underscores
   * where another column is named like that.
   */
  List<String> names() {
    List<String> names = new ArrayList<>();
    for (int c = 0; c < columns; c++) {
      boolean own =
          !header.isEmpty()
              && !header.get(c).isEmpty()
              && header.indexOf(header.get(c)) == header.lastIndexOf(header.get(c));
      String name = own ? header.get(c) : String.valueOf(c);
      while (!own && header.contains(name)) {
        name = "_" + name;
      }
      names.add(name);
    }
    return names;
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
   * @throws InvalidDataException with a message that follows the place of the line
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

  static String text(String value) {
    return value == null ? "" : value.strip();
  }
}
