package dev.lockstep.sharding.store;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import net.jpountz.xxhash.XXHashFactory;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.compression.AbstractCompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;

/**
 * LZ4 frames by lz4-java, which every Spark brings: arrow-compression's own codec for them writes a
 * few MB/s. Compression is always by the same Java code, never by native code that may be there or
 * not: the bytes must not depend on the machine.
 */
final class Lz4Frames extends AbstractCompressionCodec {

  private static final long UNKNOWN_SIZE = -1;

  @Override
  protected ArrowBuf doCompress(BufferAllocator allocator, ArrowBuf plain) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    try (OutputStream out =
        new LZ4FrameOutputStream(
            frame,
            BLOCKSIZE.SIZE_256KB,
            UNKNOWN_SIZE,
            LZ4Factory.safeInstance().fastCompressor(),
            XXHashFactory.safeInstance().hash32(),
            FLG.Bits.BLOCK_INDEPENDENCE)) {
      out.write(bytes(plain, 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return buffer(allocator, frame.toByteArray(), CompressionUtil.SIZE_OF_UNCOMPRESSED_LENGTH);
  }

  @Override
  protected ArrowBuf doDecompress(BufferAllocator allocator, ArrowBuf compressed) {
    byte[] frame = bytes(compressed, CompressionUtil.SIZE_OF_UNCOMPRESSED_LENGTH);
    byte[] plain = new byte[Math.toIntExact(readUncompressedLength(compressed))];
    try (InputStream in =
        new LZ4FrameInputStream(
            new ByteArrayInputStream(frame),
            LZ4Factory.fastestInstance().safeDecompressor(),
            XXHashFactory.fastestInstance().hash32())) {
      int length = in.readNBytes(plain, 0, plain.length);
      if (length < plain.length || in.read() >= 0) {
        throw new IOException("its frame does not hold %d bytes".formatted(plain.length));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    return buffer(allocator, plain, 0);
  }

  private static byte[] bytes(ArrowBuf buffer, long from) {
    byte[] bytes = new byte[Math.toIntExact(buffer.writerIndex() - from)];
    buffer.getBytes(from, bytes);
    return bytes;
  }

  private static ArrowBuf buffer(BufferAllocator allocator, byte[] content, long from) {
    ArrowBuf buffer = allocator.buffer(from + content.length);
    buffer.setBytes(from, content);
    buffer.writerIndex(from + content.length);
    return buffer;
  }

  @Override
  public CompressionUtil.CodecType getCodecType() {
    return CompressionUtil.CodecType.LZ4_FRAME;
  }
}
