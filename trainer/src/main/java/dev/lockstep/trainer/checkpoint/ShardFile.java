package dev.lockstep.trainer.checkpoint;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * The byte layout of one parameter shard in a checkpoint. All numbers are little-endian.
 *
 * <pre>
 *  offset  0        8         12      16     20        24      32                  32 + 4n
 *          +--------+---------+-------+------+---------+-------+------------------+-------------
 *          | magic  | version | begin | end  | vectors | step  | θ: n float32     | state vectors,
 *          | 8 char | int32   | int32 | int32| int32   | int64 | n = end - begin  | n float32 each
 *          +--------+---------+-------+------+---------+-------+------------------+-------------
 * </pre>
 *
 * @param begin first element of θ in the shard
 * @param step optimizer steps taken
 * @param theta the shard's parameters
 * @param state the optimizer's state vectors, each as long as {@code theta}
 */
public record ShardFile(int begin, long step, float[] theta, float[][] state) {

  private static final byte[] MAGIC = {'L', 'K', 'S', 'T', 'S', 'H', 'R', 'D'};
  private static final int VERSION = 1;
  private static final int VERSION_AT = 8;
  private static final int BEGIN_AT = 12;
  private static final int END_AT = 16;
  private static final int VECTORS_AT = 20;
  private static final int STEP_AT = 24;
  private static final int HEADER = 32;
  private static final int MOST_STATE_VECTORS = 8;

  /** First element after the shard. */
  public int end() {
    return begin + theta.length;
  }

  /**
   * Writes the shard; does not close the stream.
   *
   * @return length and checksum of what was written
   */
  public Written write(OutputStream out) throws IOException {
    CRC32C crc = new CRC32C();
    CheckedOutputStream checked = new CheckedOutputStream(out, crc);
    ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    header.put(0, MAGIC);
    header.putInt(VERSION_AT, VERSION);
    header.putInt(BEGIN_AT, begin);
    header.putInt(END_AT, end());
    header.putInt(VECTORS_AT, state.length);
    header.putLong(STEP_AT, step);
    checked.write(header.array());
    VectorBytes.write(checked, theta);
    for (float[] vector : state) {
      VectorBytes.write(checked, vector);
    }
    long bytes = HEADER + 4L * theta.length * (1 + state.length);
    return new Written(bytes, crc.getValue());
  }

  /** Whole vectors, filled from shards. For one thread. */
  static final class Target {

    private final long step;
    private final int parameters;
    private float[][] vectors;

    /** Of the step that the shards must be of. */
    Target(long step, int parameters) {
      this.step = step;
      this.parameters = parameters;
    }

    /**
     * Reads a shard into its place and checks it.
     *
     * @param name for messages
     * @throws DamagedFileException if it is truncated, damaged or not such a file
     */
    void read(InputStream in, String name, CheckpointManifest.ShardEntry expected)
        throws IOException {
      Written written = new Written(expected.bytes(), expected.crc32c());
      CRC32C crc = new CRC32C();
      DataInputStream checked = new DataInputStream(new CheckedInputStream(in, crc));
      try {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        checked.readFully(header.array());
        if (!Arrays.equals(MAGIC, 0, MAGIC.length, header.array(), 0, MAGIC.length)) {
          throw new DamagedFileException(
              name + " is not a parameter shard of a Lockstep checkpoint");
        }
        int begin = header.getInt(BEGIN_AT);
        int length = header.getInt(END_AT) - begin;
        int count = header.getInt(VECTORS_AT);
        if (header.getInt(VERSION_AT) != VERSION
            || begin != expected.begin()
            || begin + length != expected.end()
            || header.getLong(STEP_AT) != step
            || count < 0
            || count > MOST_STATE_VECTORS
            || (vectors != null && count + 1 != vectors.length)
            || HEADER + 4L * length * (1 + count) != expected.bytes()) {
          throw new DamagedFileException(
              name
                  + ": header (version, range, vectors, step) does not fit the manifest and the "
                  + expected.bytes()
                  + " bytes: the file is damaged or from another checkpoint");
        }
        if (vectors == null) {
          vectors = new float[1 + count][parameters];
        }
        for (float[] vector : vectors) {
          VectorBytes.read(checked, vector, begin, length);
        }
        written.requireChecksum(name, crc);
      } catch (EOFException e) {
        throw written.truncated(name, e);
      }
    }

    float[] theta() {
      return vectors == null ? new float[parameters] : vectors[0];
    }

    float[][] state() {
      return vectors == null ? new float[0][] : Arrays.copyOfRange(vectors, 1, vectors.length);
    }
  }

  /**
   * What a complete file has.
   *
   * @param bytes its length
   * @param crc32c its checksum
   */
  public record Written(long bytes, long crc32c) {

    void requireChecksum(String name, CRC32C found) throws DamagedFileException {
      if (found.getValue() != crc32c) {
        throw new DamagedFileException(
            String.format(
                Locale.ROOT,
                "%s: CRC32C=%08x != %08x of the manifest: the file is damaged",
                name,
                found.getValue(),
                crc32c));
      }
    }

    DamagedFileException truncated(String name, EOFException cause) {
      return new DamagedFileException(
          name + " ends before its " + bytes + " bytes: the file is truncated", cause);
    }
  }
}
