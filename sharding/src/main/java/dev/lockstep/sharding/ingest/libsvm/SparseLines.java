package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.ingest.text.TextLines;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/**
 * The lines with an example in a group of text ranges, read one by one. After a line that cannot be
 * read it continues with the next one. Lives in an executor.
 */
final class SparseLines implements Iterator<SparseLine>, Closeable {

  private final Iterator<TextRange> ranges;
  private final Configuration conf;
  private TextLines lines;
  private String next;

  SparseLines(List<TextRange> ranges, Configuration conf) {
    this.ranges = ranges.iterator();
    this.conf = conf;
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
          continue;
        }
        String text = SparseLine.withoutComment(line);
        if (!text.isBlank()) {
          next = text;
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public SparseLine next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    String line = next;
    next = null;
    return at(() -> SparseLine.parse(line));
  }

  /** Does something with the line read last; its problems are told with file and line. */
  <T> T at(Step<T> step) {
    try {
      return step.run();
    } catch (InvalidDataException e) {
      try {
        throw new UncheckedIOException(
            new InvalidDataException(lines.where() + ": " + e.getMessage()));
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (lines != null) {
      lines.close();
      lines = null;
    }
  }

  /** What may find a line at fault. */
  interface Step<T> {
    T run() throws InvalidDataException;
  }
}
