package dev.lockstep.sharding;

import java.io.Serializable;

/**
 * One Arrow record batch of a data shard: the unit of reading, checking and shuffling. Crosses from
 * driver to executors.
 *
 * @param examples number of examples, at least 1
 * @param offset first byte of the encapsulated record batch message in its file
 * @param length bytes of the message, metadata and body
 * @param crc32c CRC32C of these bytes
 */
public record DataBlock(int examples, long offset, int length, int crc32c) implements Serializable {

  /** Checks the ranges. */
  public DataBlock {
    if (examples < 1 || offset < 0 || length < 1) {
      throw new IllegalArgumentException(
          "data block examples=%d offset=%d length=%d must be >= 1, >= 0 and >= 1"
              .formatted(examples, offset, length));
    }
  }

  /** First byte after the block. */
  public long end() {
    return offset + length;
  }
}
