package dev.lockstep.sharding.ingest;

import com.univocity.parsers.csv.CsvParser;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/** The rows of a group of text ranges, headers and empty lines left out. Lives in an executor. */
final class CsvRows implements Iterator<String[]>, Closeable {

  private final Iterator<TextRange> ranges;
  private final CsvLayout layout;
  private final Configuration conf;
  private final CsvParser parser;
  private TextLines lines;
  private String[] next;

  CsvRows(List<TextRange> ranges, CsvLayout layout, Configuration conf) {
    this.ranges = ranges.iterator();
    this.layout = layout;
    this.conf = conf;
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
        } else if (!line.isBlank()) {
          next = row(line);
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String[] row(String line) throws IOException {
    String[] values;
    try {
      values = layout.split(parser, line);
    } catch (InvalidDataException e) {
      throw at(e.getMessage());
    }
    if (!lines.isFirstOfFile() || layout.header().isEmpty()) {
      return values;
    }
    List<String> header = Arrays.stream(values).map(CsvLayout::text).toList();
    if (!header.equals(layout.header())) {
      throw at("columns %s are not those of the first file, %s".formatted(header, layout.header()));
    }
    return null;
  }

  /** An error about the row read last. */
  InvalidDataException at(String problem) throws IOException {
    return new InvalidDataException(lines.where() + ": " + problem);
  }

  @Override
  public String[] next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    String[] row = next;
    next = null;
    return row;
  }

  @Override
  public void close() throws IOException {
    if (lines != null) {
      lines.close();
      lines = null;
    }
  }
}
