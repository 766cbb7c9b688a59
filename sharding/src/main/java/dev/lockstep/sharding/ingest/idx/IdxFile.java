package dev.lockstep.sharding.ingest.idx;

import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * One file of unsigned bytes in the IDX format, plain or gzip. Crosses from driver to executors.
 *
 * <pre>
 * offset 0   0x00 0x00            zero
 *        2   0x08                 unsigned byte
 *        3   number of dimensions
 *        4   dimensions           int32 big-endian each, the first one counts the items
 *        …   items
 * </pre>
 *
 * @param path Hadoop URI
 * @param dimensions all of them, the number of items first
 */
record IdxFile(String path, List<Integer> dimensions) implements Serializable {

  private static final int UNSIGNED_BYTE = 0x08;

  IdxFile {
    dimensions = List.copyOf(dimensions);
  }

  /** Reads the header. */
  static IdxFile open(Path path, int dimensions, Configuration conf) throws IOException {
    try (DataInputStream in = stream(path, conf)) {
      int magic = in.readInt();
      if (magic != (UNSIGNED_BYTE << 8 | dimensions)) {
        throw new InvalidDataException(
            "%s starts with %08x, not %08x: it is no IDX file of unsigned bytes in %d dimensions"
                .formatted(path, magic, UNSIGNED_BYTE << 8 | dimensions, dimensions));
      }
      List<Integer> found = new ArrayList<>();
      for (int d = 0; d < dimensions; d++) {
        int size = in.readInt();
        if (size < 1) {
          throw new InvalidDataException(
              "%s: dimension %d is %d: it holds no example".formatted(path, d, size));
        }
        found.add(size);
      }
      return new IdxFile(path.toString(), found);
    } catch (EOFException e) {
      throw new InvalidDataException("%s ends inside its header".formatted(path));
    }
  }

  int items() {
    return dimensions.get(0);
  }

  int itemBytes() {
    return dimensions.subList(1, dimensions.size()).stream().reduce(1, Math::multiplyExact);
  }

  /** Positions a stream at an item. A gzip file is unpacked up to there. */
  DataInputStream openAt(int item, Configuration conf) throws IOException {
    DataInputStream in = stream(new Path(path), conf);
    try {
      in.skipNBytes(4 + 4L * dimensions.size() + (long) item * itemBytes());
    } catch (IOException e) {
      in.close();
      throw e instanceof EOFException ? cut(item) : e;
    }
    return in;
  }

  /** Reads the next item. */
  void read(DataInputStream in, byte[] into, int item) throws IOException {
    try {
      in.readFully(into);
    } catch (EOFException e) {
      throw cut(item);
    }
  }

  private InvalidDataException cut(int item) {
    return new InvalidDataException(
        "%s ends before item %d is complete, but its header says %d items: it is cut short"
            .formatted(path, item, items()));
  }

  private static DataInputStream stream(Path path, Configuration conf) throws IOException {
    FSDataInputStream raw = path.getFileSystem(conf).open(path);
    try {
      return path.getName().endsWith(".gz")
          ? new DataInputStream(new BufferedInputStream(new GZIPInputStream(raw, 1 << 16), 1 << 16))
          : new DataInputStream(new BufferedInputStream(raw, 1 << 16));
    } catch (IOException e) {
      raw.close();
      throw new InvalidDataException("%s: %s".formatted(path, e.getMessage()));
    }
  }
}
