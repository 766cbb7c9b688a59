package dev.lockstep.sharding.ingest.tfrecord;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The records of a TFRecord file, one after another. Not thread-safe.
 *
 * <pre>
 * offset 0        length n      uint64 little-endian
 *        8        checksum of the 8 bytes before
 *        12       n bytes
 *        12 + n   checksum of these n bytes
 *        16 + n   the next record
 * </pre>
 *
 * A checksum is a uint32, little-endian: the CRC32C, turned right by 15 bits, plus a constant.
 */
final class RecordStream implements Closeable {

  private static final int LENGTH_BYTES = 8;
  private static final int HEADER_BYTES = 12;
  private static final int CHECKSUM_BYTES = 4;
  private static final int CHECKSUM_TURN = 15;
  private static final int CHECKSUM_PLUS = 0xa282ead8;

  private final InputStream in;
  private long records;

  /**
   * Reads records.
   *
   * @param in unpacked; closed with this stream
   */
  public RecordStream(InputStream in) {
    this.in = in;
  }

  /**
   * Reads the next record, its checksum included.
   *
   * @return the record, or null at the end of the file
   * @throws DamagedRecordException when nothing behind this place can be read: the file is cut, or
   *     a length is damaged
   */
  public Framed next() throws IOException {
    byte[] header = in.readNBytes(HEADER_BYTES);
    if (header.length == 0) {
      return null;
    }
    if (header.length < HEADER_BYTES) {
      throw cut();
    }
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    long length = fields.getLong();
    if (checksum(header, LENGTH_BYTES) != fields.getInt()) {
      throw new DamagedRecordException(
          records == 0
              ? "its length has the wrong checksum: it is no TFRecord file, or a packed one whose"
                  + " name does not end in .gz"
              : "its length has the wrong checksum: the file is damaged from here on");
    }
    if (length < 0 || length > Integer.MAX_VALUE - 2 * HEADER_BYTES) {
      throw new DamagedRecordException("%d bytes are too many for a record".formatted(length));
    }
    byte[] bytes = in.readNBytes((int) length);
    byte[] checksum = in.readNBytes(CHECKSUM_BYTES);
    if (checksum.length < CHECKSUM_BYTES) {
      throw cut();
    }
    int written = ByteBuffer.wrap(checksum).order(ByteOrder.LITTLE_ENDIAN).getInt();
    return new Framed(records++, bytes, checksum(bytes, bytes.length) == written);
  }

  private static DamagedRecordException cut() {
    return new DamagedRecordException("the file ends inside it: it is cut short");
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), CHECKSUM_TURN) + CHECKSUM_PLUS;
  }

  /** Records read so far: the number, from 0, of the one that {@link #next} reads. */
  public long records() {
    return records;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /**
   * A record as it lies in the file.
   *
   * @param number from 0
   * @param bytes of the record
   * @param intact whether its checksum is right
   */
  public record Framed(long number, byte[] bytes, boolean intact) {}
}
