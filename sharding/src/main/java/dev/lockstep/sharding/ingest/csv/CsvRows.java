package dev.lockstep.sharding.ingest.csv;

import com.univocity.parsers.csv.CsvParser;
import dev.lockstep.sharding.ingest.text.TextLines;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.Rows;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/** The rows of a group of text ranges, headers and empty lines left out. Lives in an executor. */
final class CsvRows implements Rows, Closeable {

  private final Iterator<TextRange> ranges;
  private final CsvLayout layout;
  private final Configuration conf;
  private final CsvParser parser;
  private TextLines lines;
  private String next;

  /** Places of the values that are wanted. */
  private final int[] places;

  /**
   * Over a group.
   *
   * @param places of the values wanted, in their order
   */
  CsvRows(List<TextRange> ranges, CsvLayout layout, int[] places, Configuration conf) {
    this.ranges = ranges.iterator();
    this.layout = layout;
    this.conf = conf;
    this.places = places;
    parser = layout.parser();
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null) {
        if (lines == null) {
          if (!ranges.hasNext()) {
            return false;
          }
          lines = new TextLines(ranges.next(), conf);
        }
        String line = lines.next();
        if (line == null) {
          close();
        } else if (!line.isBlank() && !isHeader(line)) {
          next = line;
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isHeader(String line) throws IOException {
    if (!lines.isFirstOfFile() || layout.header().isEmpty()) {
      return false;
    }
    List<String> header = Arrays.stream(split(line)).map(CsvLayout::text).toList();
    if (!header.equals(layout.header())) {
      throw at("columns %s are not those of the first file, %s".formatted(header, layout.header()));
    }
    return true;
  }

  private String[] split(String line) throws IOException {
    try {
      return layout.split(parser, line);
    } catch (InvalidDataException e) {
      throw at(e.getMessage());
    }
  }

  private InvalidDataException at(String problem) throws IOException {
    return new InvalidDataException(where() + ": " + problem);
  }

  @Override
  public String where() throws IOException {
    return lines.where();
  }

  @Override
  public Object[] next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    String line = next;
    next = null;
    try {
      String[] values = split(line);
      Object[] row = new Object[places.length];
      for (int i = 0; i < row.length; i++) {
        row[i] = values[places[i]];
      }
      return row;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (lines != null) {
      lines.close();
      lines = null;
    }
  }
}
