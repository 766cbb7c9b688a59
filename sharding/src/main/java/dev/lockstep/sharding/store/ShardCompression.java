package dev.lockstep.sharding.store;

import java.util.Locale;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil.CodecType;
import org.apache.arrow.vector.compression.NoCompressionCodec;

/**
 * How the buffers of a data shard's blocks are compressed: as Arrow IPC defines it, so that any
 * Arrow implementation with the codec reads the file. A block says itself how it was written; the
 * reader needs no setting. The codecs come with the cluster's Spark: LZ4 with any, Zstandard with
 * those that bring arrow-compression (4.0 and later; 3.5 does not).
 *
 * <p>Compressed bytes, and with them a dataset's fingerprint, are a function of the examples, this
 * choice and the version of the codec's library. The values read back are the same for all.
 */
public enum ShardCompression {
  /** As they are: the fastest to read from a fast disk. */
  NONE(CodecType.NO_COMPRESSION),
  /** LZ4 frames: smaller where values repeat, and quick to write. */
  LZ4(CodecType.LZ4_FRAME),
  /** Zstandard at its level 3: the smallest, for slow disks, networks and object stores. */
  ZSTD(CodecType.ZSTD);

  private final CodecType type;

  ShardCompression(CodecType type) {
    this.type = type;
  }

  /**
   * Checks that blocks can be compressed so in this JVM.
   *
   * @throws UnsupportedOperationException when its Spark brings no arrow-compression
   */
  public void requireAvailable() {
    codec();
  }

  CodecType type() {
    return type;
  }

  /**
   * What compresses and decompresses.
   *
   * @throws UnsupportedOperationException when the cluster has none
   */
  CompressionCodec codec() {
    return switch (this) {
      case NONE -> NoCompressionCodec.INSTANCE;
      case LZ4 -> new Lz4Frames();
      case ZSTD -> zstandard();
    };
  }

  private CompressionCodec zstandard() {
    try {
      return CommonsCompressionFactory.INSTANCE.createCodec(type);
    } catch (NoClassDefFoundError e) {
      throw new UnsupportedOperationException(
          "compression %s needs arrow-compression, which this Spark does not bring: shard the data with another compression, or add org.apache.arrow:arrow-compression in the version of Spark's Arrow (--jars)"
              .formatted(name().toLowerCase(Locale.ROOT)),
          e);
    }
  }

  /**
   * The compression that a record batch names.
   *
   * @throws IllegalArgumentException when it is none of these
   */
  static ShardCompression named(byte arrowCodec) {
    for (ShardCompression each : values()) {
      if (each.type.getType() == arrowCodec) {
        return each;
      }
    }
    throw new IllegalArgumentException("its compression is of the unknown kind " + arrowCodec);
  }
}
