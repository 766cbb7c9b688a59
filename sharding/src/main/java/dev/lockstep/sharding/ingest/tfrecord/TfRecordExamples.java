package dev.lockstep.sharding.ingest.tfrecord;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/**
 * The examples of some TFRecord files. After a record that cannot be used it continues with the
 * next one, but not where the file itself is damaged. Lives in an executor.
 */
final class TfRecordExamples implements Iterator<Example>, Closeable {

  private final Iterator<TextRange> files;
  private final TfRecordFields fields;
  private final Configuration conf;
  private String file;
  private RecordStream records;
  private RecordStream.Framed next;

  TfRecordExamples(List<TextRange> files, TfRecordFields fields, Configuration conf) {
    this.files = files.iterator();
    this.fields = fields;
    this.conf = conf;
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null) {
        if (records == null) {
          if (!files.hasNext()) {
            return false;
          }
          file = files.next().path();
          records = open(new Path(file), conf);
        }
        next = record();
        if (next == null) {
          close();
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RecordStream.Framed record() throws IOException {
    try {
      return records.next();
    } catch (DamagedRecordException e) {
      throw at(records.records(), e.getMessage());
    } catch (EOFException | ZipException e) {
      throw at(
          records.records(),
          "the packed file is damaged or cut short (%s)".formatted(e.getMessage()));
    }
  }

  private static RecordStream open(Path path, Configuration conf) throws IOException {
    FSDataInputStream raw = path.getFileSystem(conf).open(path);
    try {
      CompressionCodec codec = new CompressionCodecFactory(conf).getCodec(path);
      return new RecordStream(
          new BufferedInputStream(codec == null ? raw : codec.createInputStream(raw), 1 << 16));
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  private InvalidDataException at(long record, String problem) {
    return new InvalidDataException("%s, record %d: %s".formatted(file, record, problem));
  }

  @Override
  public Example next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    RecordStream.Framed record = next;
    next = null;
    try {
      if (!record.intact()) {
        throw new InvalidDataException("its data have the wrong checksum: they are damaged");
      }
      return fields.example(ExampleMessage.parse(record.bytes()));
    } catch (DamagedRecordException | InvalidDataException e) {
      throw new UncheckedIOException(at(record.number(), e.getMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (records != null) {
      records.close();
      records = null;
    }
  }
}
