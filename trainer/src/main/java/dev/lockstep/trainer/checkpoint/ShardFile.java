package dev.lockstep.trainer.checkpoint;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

  /**
   * Reads a shard and checks it.
   *
   * @param name for messages
   * @throws IOException if it is truncated, damaged or not such a file
   */
  public static ShardFile read(InputStream in, String name, Written expected) throws IOException {
    CRC32C crc = new CRC32C();
    DataInputStream checked = new DataInputStream(new CheckedInputStream(in, crc));
    try {
      ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      checked.readFully(header.array());
      for (int i = 0; i < MAGIC.length; i++) {
        if (header.get(i) != MAGIC[i]) {
          throw new DamagedFileException(
              name + " is not a parameter shard of a Lockstep checkpoint");
        }
      }
      int begin = header.getInt(BEGIN_AT);
      int length = header.getInt(END_AT) - begin;
      int vectors = header.getInt(VECTORS_AT);
      if (header.getInt(VERSION_AT) != VERSION
          || length < 0
          || vectors < 0
          || vectors > MOST_STATE_VECTORS
          || HEADER + 4L * length * (1 + vectors) != expected.bytes()) {
        throw new DamagedFileException(
            name
                + ": header (version, range, vectors) does not fit its "
                + expected.bytes()
                + " bytes: the file is damaged or from another version");
      }
      float[] theta = VectorBytes.read(checked, length);
      float[][] state = new float[vectors][];
      for (int i = 0; i < vectors; i++) {
        state[i] = VectorBytes.read(checked, length);
      }
      if (crc.getValue() != expected.crc32c()) {
        throw new DamagedFileException(
            String.format(
                "%s: CRC32C=%08x != %08x of the manifest: the file is damaged",
                name, crc.getValue(), expected.crc32c()));
      }
      return new ShardFile(begin, header.getLong(STEP_AT), theta, state);
    } catch (EOFException e) {
      throw new DamagedFileException(
          name + " ends before its " + expected.bytes() + " bytes: the file is truncated", e);
    }
  }

  /**
   * What a complete file has.
   *
   * @param bytes its length
   * @param crc32c its checksum
   */
  public record Written(long bytes, long crc32c) {}
}
