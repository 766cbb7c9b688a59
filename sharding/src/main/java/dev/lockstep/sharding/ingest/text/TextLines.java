package dev.lockstep.sharding.ingest.text;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.hadoop.util.LineReader;

/**
 * The lines of a {@link TextRange}. A line belongs to the range that holds the byte before it, so
 * that neighbors neither share nor lose one. Lives in an executor.
 */
public final class TextLines implements Closeable {

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final TextRange range;
  private final Configuration conf;
  private final InputStream in;
  private final LineReader reader;
  private final Text text = new Text();
  private long position;
  private long line;

  /** Lines of the file before the range, counted when first asked for; -1 before. */
  private long before = -1;

  public TextLines(TextRange range, Configuration conf) throws IOException {
    this.range = range;
    this.conf = conf;
    Path path = new Path(range.path());
    FSDataInputStream raw = path.getFileSystem(conf).open(path);
    try {
      CompressionCodec codec = new CompressionCodecFactory(conf).getCodec(path);
      raw.seek(range.start());
      in = codec == null ? raw : codec.createInputStream(raw);
      reader = new LineReader(in, 1 << 16);
      position = range.start();
      if (range.start() > 0) {
        position += reader.readLine(text);
      }
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  /** The next line, or null after the last. */
  public String next() throws IOException {
    if (position > range.end()) {
      return null;
    }
    int bytes = reader.readLine(text);
    if (bytes == 0) {
      return null;
    }
    position += bytes;
    line++;
    String next = text.toString();
    return isFirstOfFile() && next.startsWith(BYTE_ORDER_MARK) ? next.substring(1) : next;
  }

  /** Whether the line read last is the first of its file. */
  public boolean isFirstOfFile() {
    return range.start() == 0 && line == 1;
  }

  /**
   * File and number, from 1, of the line read last. Reads the file up to the range to count: for
   * errors.
   */
  public String where() throws IOException {
    if (before < 0 && range.start() > 0) {
      before = 0;
      try (TextLines lines = new TextLines(new TextRange(range.path(), 0, range.start()), conf)) {
        while (lines.next() != null) {
          before++;
        }
      }
    }
    return "%s, line %d".formatted(range.path(), Math.max(0, before) + line);
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
