package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;
import org.apache.arrow.vector.ipc.ReadChannel;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;

/**
 * Turns the bytes of a block into arrays, whatever their compression. Used by one thread. Holds
 * Arrow memory only while it decodes: the block as stored, and one tensor of it decompressed.
 */
final class BlockDecoder implements Closeable {

  /** A message begins with four bytes that mark it and four for the length of its metadata. */
  private static final int PREFIX = 2 * Integer.BYTES;

  /** The allocator rounds a buffer's size up to a power of two. */
  private static final long ROUNDING = 2;

  private static final long SLACK = 1 << 20;

  private final List<TensorSpec> tensors;
  private final BufferAllocator allocator;

  /** A decoder that refuses to hold more than blocks of this dataset can need. */
  public BlockDecoder(DatasetManifest manifest) {
    tensors = manifest.tensors();
    long stored = 0;
    long examples = 0;
    for (DataShard shard : manifest.shards()) {
      for (DataBlock block : shard.blocks()) {
        stored = Math.max(stored, block.length());
        examples = Math.max(examples, block.examples());
      }
    }
    long values = tensors.stream().mapToLong(TensorSpec::storedValues).max().orElseThrow();
    allocator = new RootAllocator(ROUNDING * (stored + examples * values * Float.BYTES) + SLACK);
  }

  /**
   * Decodes a record batch message.
   *
   * @param bytes holds the message from index 0 on
   * @param at what the manifest says about the block
   * @return one column per tensor
   * @throws IOException when the message is not what the manifest says
   * @throws UnsupportedOperationException when this JVM lacks the block's compression
   */
  public List<Column> decode(byte[] bytes, DataBlock at) throws IOException {
    int metadata = at.length() < PREFIX ? -1 : littleEndian(bytes, Integer.BYTES);
    if (metadata < 0 || metadata > at.length() - PREFIX) {
      throw new IOException(
          "it has %d bytes, of which %d are to describe it".formatted(at.length(), metadata));
    }
    ReadChannel channel =
        new ReadChannel(new MemoryChannel(ByteBuffer.wrap(bytes, 0, at.length())));
    try (ArrowRecordBatch batch = MessageSerializer.deserializeRecordBatch(channel, allocator)) {
      check(batch, at);
      CompressionCodec codec =
          ShardCompression.named(batch.getBodyCompression().getCodec()).codec();
      List<Column> columns = new ArrayList<>();
      int next = 0;
      for (TensorSpec tensor : tensors) {
        next += ArrowLayout.buffers(tensor);
        // The values are the last buffer of a column; those before say that none is missing.
        columns.add(column(tensor, batch.getBuffers().get(next - 1), codec, at.examples()));
      }
      return columns;
    }
  }

  private void check(ArrowRecordBatch batch, DataBlock at) throws IOException {
    if (batch.getLength() != at.examples()) {
      throw new IOException(
          "it has %d examples, the manifest says %d".formatted(batch.getLength(), at.examples()));
    }
    for (ArrowFieldNode node : batch.getNodes()) {
      if (node.getNullCount() != 0) {
        throw new IOException("it has %d missing values".formatted(node.getNullCount()));
      }
    }
    int buffers = tensors.stream().mapToInt(ArrowLayout::buffers).sum();
    if (batch.getBuffers().size() != buffers) {
      throw new IOException(
          "it has %d buffers, its tensors need %d".formatted(batch.getBuffers().size(), buffers));
    }
  }

  private Column column(TensorSpec tensor, ArrowBuf stored, CompressionCodec codec, int examples)
      throws IOException {
    int values = Math.multiplyExact(examples, tensor.storedValues());
    long needed = (long) values * Float.BYTES;
    if (codec.getCodecType() == CompressionUtil.CodecType.NO_COMPRESSION) {
      return column(tensor, stored, values, needed);
    }
    // Before anything is allocated: a damaged length must not ask for all memory.
    long announced =
        stored.writerIndex() < Long.BYTES ? 0 : littleEndian(stored, Long.BYTES).getLong();
    if (announced != CompressionUtil.NO_COMPRESSION_LENGTH && announced != needed) {
      throw new IOException(
          "tensor %s: %d bytes decompressed, %d examples need %d"
              .formatted(tensor.name(), announced, examples, needed));
    }
    // The codec gives up one hold on what it is given, and the batch its own later.
    stored.getReferenceManager().retain();
    ArrowBuf decompressed;
    try {
      decompressed = codec.decompress(allocator, stored);
    } catch (RuntimeException e) {
      stored.getReferenceManager().release();
      throw new IOException(
          "tensor %s cannot be decompressed (%s): %s"
              .formatted(tensor.name(), codec.getCodecType(), e.getMessage()),
          e);
    }
    try (decompressed) {
      return column(tensor, decompressed, values, needed);
    }
  }

  private static Column column(TensorSpec tensor, ArrowBuf buffer, int values, long needed)
      throws IOException {
    if (buffer.writerIndex() < needed) {
      throw new IOException(
          "tensor %s: %d bytes, %d needed".formatted(tensor.name(), buffer.writerIndex(), needed));
    }
    ByteBuffer from = littleEndian(buffer, needed);
    return switch (tensor.encoding()) {
      case FLOAT32 -> {
        float[] floats = new float[values];
        from.asFloatBuffer().get(floats);
        yield new Column.Dense(floats, tensor.elements());
      }
      case CLASS_INDEX -> {
        int[] indices = new int[values];
        from.asIntBuffer().get(indices);
        for (int index : indices) {
          if (index < 0 || index >= tensor.elements()) {
            throw new IOException(
                "tensor %s: class %d is not in [0, %d)"
                    .formatted(tensor.name(), index, tensor.elements()));
          }
        }
        yield new Column.Classes(indices, tensor.elements());
      }
    };
  }

  private static int littleEndian(byte[] bytes, int at) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
  }

  private static ByteBuffer littleEndian(ArrowBuf buffer, long length) {
    return buffer.nioBuffer(0, Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Bytes of Arrow memory held now: none between two blocks. */
  public long arrowBytes() {
    return allocator.getAllocatedMemory();
  }

  @Override
  public void close() {
    allocator.close();
  }

  /** Bulk reads from memory; {@code Channels.newChannel} would copy in pieces of 8 KiB. */
  private record MemoryChannel(ByteBuffer source) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer to) {
      if (!source.hasRemaining()) {
        return -1;
      }
      int length = Math.min(source.remaining(), to.remaining());
      to.put(source.slice(source.position(), length));
      source.position(source.position() + length);
      return length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
