package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ModelState;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * The byte layout of one parameter shard in a checkpoint. All numbers are little-endian.
 *
 * <pre>
 *  offset  0        8         12      16     20        24      32                  32 + 4 v b
 *          +--------+---------+-------+------+---------+-------+-------------------+--------------
 *          | magic  | version | begin | end  | vectors | step  | CRC32C of each    | θ, then state
 *          | 8 char | int32   | int32 | int32| int32 v | int64 | block, v b int32  | n float32 each
 *          +--------+---------+-------+------+---------+-------+-------------------+--------------
 * </pre>
 *
 * <p>A vector has n = end - begin elements in b blocks of {@link #BLOCK} elements, the last one
 * shorter. The checksum in the manifest is that of all bytes before θ: whoever reads a range reads
 * these and the blocks of the range, and has checked every byte of it.
 *
 * @param begin first element of the servers' vector in the shard
 * @param step optimizer steps taken
 * @param model the shard's parameters and optimizer state
 */
public record ShardFile(int begin, long step, ModelState model) {

  /** Elements that a checksum is over. Servers' ranges begin at multiples of it. */
  static final int BLOCK = ShardLayout.CHUNK;

  private static final byte[] MAGIC = {'L', 'K', 'S', 'T', 'S', 'H', 'R', 'D'};
  private static final int VERSION = 2;
  private static final int VERSION_AT = 8;
  private static final int BEGIN_AT = 12;
  private static final int END_AT = 16;
  private static final int VECTORS_AT = 20;
  private static final int STEP_AT = 24;
  private static final int HEADER = 32;
  private static final int MOST_VECTORS = 9;

  /** First element after the shard. */
  public int end() {
    return begin + model.theta().length;
  }

  /**
   * Writes the shard; does not close the stream.
   *
   * @return length and checksum of what was written
   */
  public Written write(OutputStream out) throws IOException {
    float[][] vectors = vectors();
    int length = model.theta().length;
    ByteBuffer head =
        ByteBuffer.allocate(HEADER + Integer.BYTES * vectors.length * blocks(length))
            .order(ByteOrder.LITTLE_ENDIAN);
    head.put(0, MAGIC);
    head.putInt(VERSION_AT, VERSION);
    head.putInt(BEGIN_AT, begin);
    head.putInt(END_AT, end());
    head.putInt(VECTORS_AT, vectors.length);
    head.putLong(STEP_AT, step);
    head.position(HEADER);
    ByteBuffer block = ByteBuffer.allocate(BLOCK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] vector : vectors) {
      for (int from = 0; from < length; from += BLOCK) {
        int count = Math.min(BLOCK, length - from);
        block.asFloatBuffer().put(vector, from, count);
        head.putInt((int) checksum(block.array(), count * Float.BYTES));
      }
    }
    out.write(head.array());
    for (float[] vector : vectors) {
      VectorBytes.write(out, vector);
    }
    return new Written(
        head.capacity() + (long) Float.BYTES * length * vectors.length,
        checksum(head.array(), head.capacity()));
  }

  private float[][] vectors() {
    float[][] state = model.state() == null ? new float[0][] : model.state();
    float[][] vectors = new float[1 + state.length][];
    vectors[0] = model.theta();
    System.arraycopy(state, 0, vectors, 1, state.length);
    return vectors;
  }

  private static int blocks(int length) {
    return (length + BLOCK - 1) / BLOCK;
  }

  private static long checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return crc.getValue();
  }

  /**
   * An open shard file whose header and block checksums have been read and checked. For one thread;
   * does not close the stream.
   */
  static final class Reader {

    private final FSDataInputStream in;
    private final String name;
    private final CheckpointManifest.ShardEntry entry;
    private final ByteBuffer head;
    private final int vectors;
    private final byte[] block = new byte[BLOCK * Float.BYTES];

    /**
     * Reads header and block checksums.
     *
     * @param name for messages
     * @param entry what the manifest says of the file
     * @param step that the file must be of
     * @throws DamagedFileException if it is truncated, damaged or not such a file
     * @throws IOException if it is of another version
     */
    Reader(FSDataInputStream in, String name, CheckpointManifest.ShardEntry entry, long step)
        throws IOException {
      this.in = in;
      this.name = name;
      this.entry = entry;
      ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      readFully(header.array(), 0, HEADER);
      requireFormat(header.array(), MAGIC, VERSION, name, "a parameter shard");
      vectors = header.getInt(VECTORS_AT);
      int length = entry.end() - entry.begin();
      if (header.getInt(BEGIN_AT) != entry.begin()
          || header.getInt(END_AT) != entry.end()
          || header.getLong(STEP_AT) != step
          || vectors < 1
          || vectors > MOST_VECTORS
          || dataBegin() + (long) Float.BYTES * length * vectors != entry.bytes()) {
        throw new DamagedFileException(
            "%s: its header (range, vectors, step) does not fit the manifest and the %d bytes: the file is damaged or from another checkpoint"
                .formatted(name, entry.bytes()));
      }
      head = ByteBuffer.allocate((int) dataBegin()).order(ByteOrder.LITTLE_ENDIAN);
      head.put(0, header.array());
      readFully(head.array(), HEADER, head.capacity() - HEADER);
      requireChecksum(name, checksum(head.array(), head.capacity()), entry.crc32c());
    }

    private long dataBegin() {
      return HEADER + (long) Integer.BYTES * vectors * blocks(entry.end() - entry.begin());
    }

    /** Vectors in the file: θ and the optimizer's. */
    int vectors() {
      return vectors;
    }

    /**
     * Reads a range of a vector and checks every byte of it.
     *
     * @param vector 0 for θ
     * @param begin first element of the servers' vector, in the shard
     * @param end one after the last, in the shard
     * @param into receives the range
     * @param at where in {@code into} it begins
     */
    void read(int vector, int begin, int end, float[] into, int at) throws IOException {
      int length = entry.end() - entry.begin();
      int from = begin - entry.begin();
      int to = end - entry.begin();
      for (int i = from / BLOCK; i * BLOCK < to; i++) {
        int blockBegin = i * BLOCK;
        int count = Math.min(BLOCK, length - blockBegin);
        in.seek(dataBegin() + (long) Float.BYTES * ((long) vector * length + blockBegin));
        readFully(block, 0, count * Float.BYTES);
        requireChecksum(
            name,
            checksum(block, count * Float.BYTES),
            head.getInt(HEADER + Integer.BYTES * (vector * blocks(length) + i)) & 0xffff_ffffL);
        int first = Math.max(from, blockBegin);
        int last = Math.min(to, blockBegin + count);
        ByteBuffer.wrap(block)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(first - blockBegin, into, at + first - from, last - first);
      }
    }

    private void readFully(byte[] bytes, int from, int count) throws IOException {
      try {
        in.readFully(bytes, from, count);
      } catch (EOFException e) {
        throw new Written(entry.bytes(), entry.crc32c()).truncated(name, e);
      }
    }
  }

  /**
   * Refuses a file that is not of a format, or of another version of it.
   *
   * @param header the first bytes of the file: magic and version
   */
  static void requireFormat(byte[] header, byte[] magic, int version, String name, String what)
      throws IOException {
    if (!Arrays.equals(magic, 0, magic.length, header, 0, magic.length)) {
      throw new DamagedFileException(name + " is not " + what + " of a Lockstep checkpoint");
    }
    int found = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(VERSION_AT);
    if (found != version) {
      throw new IOException(
          "%s: %s of format version %d != %d of this Lockstep: resume with the version that wrote it, or train into another folder"
              .formatted(name, what, found, version));
    }
  }

  private static void requireChecksum(String name, long found, long expected)
      throws DamagedFileException {
    if (found != expected) {
      throw new DamagedFileException(
          String.format(
              Locale.ROOT,
              "%s: CRC32C=%08x != %08x that was written: the file is damaged",
              name,
              found,
              expected));
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
      ShardFile.requireChecksum(name, found.getValue(), crc32c);
    }

    DamagedFileException truncated(String name, EOFException cause) {
      return new DamagedFileException(
          name + " ends before its " + bytes + " bytes: the file is truncated", cause);
    }
  }
}
