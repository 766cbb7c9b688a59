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
 * The byte layout of what one virtual worker keeps for itself, in a checkpoint: vectors of one
 * length. All numbers are little-endian.
 *
 * <pre>
 *  offset  0        8         12             16      20       24      32
 *          +--------+---------+--------------+-------+--------+-------+------------------------
 *          | magic  | version | virtualWorker| length| vectors| step  | vectors, length float32
 *          | 8 char | int32   | int32        | int32 | int32  | int64 | each
 *          +--------+---------+--------------+-------+--------+-------+------------------------
 * </pre>
 *
 * @param virtualWorker whose vectors they are
 * @param step optimizer steps taken
 * @param vectors of one length; not copied
 */
public record ReplicaFile(int virtualWorker, long step, float[][] vectors) {

  private static final byte[] MAGIC = {'L', 'K', 'S', 'T', 'R', 'E', 'P', 'L'};
  private static final int VERSION = 1;
  private static final int VERSION_AT = 8;
  private static final int VIRTUAL_WORKER_AT = 12;
  private static final int LENGTH_AT = 16;
  private static final int VECTORS_AT = 20;
  private static final int STEP_AT = 24;
  private static final int HEADER = 32;
  private static final int MOST_VECTORS = 16;

  /** Checks that the vectors have one length. */
  public ReplicaFile {
    for (float[] vector : vectors) {
      if (vector.length != vectors[0].length) {
        throw new IllegalArgumentException(
            "vector length=" + vector.length + " != " + vectors[0].length + " of the first");
      }
    }
  }

  /**
   * Writes the vectors; does not close the stream.
   *
   * @return length and checksum of what was written
   */
  public ShardFile.Written write(OutputStream out) throws IOException {
    CRC32C crc = new CRC32C();
    CheckedOutputStream checked = new CheckedOutputStream(out, crc);
    int length = vectors.length == 0 ? 0 : vectors[0].length;
    ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    header.put(0, MAGIC);
    header.putInt(VERSION_AT, VERSION);
    header.putInt(VIRTUAL_WORKER_AT, virtualWorker);
    header.putInt(LENGTH_AT, length);
    header.putInt(VECTORS_AT, vectors.length);
    header.putLong(STEP_AT, step);
    checked.write(header.array());
    for (float[] vector : vectors) {
      VectorBytes.write(checked, vector);
    }
    return new ShardFile.Written(HEADER + 4L * length * vectors.length, crc.getValue());
  }

  /**
   * Reads the vectors and checks them.
   *
   * @param name for messages
   * @throws IOException if they are truncated, damaged or no such file
   */
  public static ReplicaFile read(InputStream in, String name, ShardFile.Written expected)
      throws IOException {
    CRC32C crc = new CRC32C();
    DataInputStream checked = new DataInputStream(new CheckedInputStream(in, crc));
    try {
      ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      checked.readFully(header.array());
      ShardFile.requireFormat(header.array(), MAGIC, VERSION, name, "a virtual worker's file");
      int length = header.getInt(LENGTH_AT);
      int count = header.getInt(VECTORS_AT);
      if (length < 0
          || count < 0
          || count > MOST_VECTORS
          || HEADER + 4L * length * count != expected.bytes()) {
        throw new DamagedFileException(
            "%s: its header (length, vectors) does not fit its %d bytes: the file is damaged"
                .formatted(name, expected.bytes()));
      }
      float[][] vectors = new float[count][length];
      for (float[] vector : vectors) {
        VectorBytes.read(checked, vector, 0, length);
      }
      expected.requireChecksum(name, crc);
      return new ReplicaFile(header.getInt(VIRTUAL_WORKER_AT), header.getLong(STEP_AT), vectors);
    } catch (EOFException e) {
      throw expected.truncated(name, e);
    }
  }
}
