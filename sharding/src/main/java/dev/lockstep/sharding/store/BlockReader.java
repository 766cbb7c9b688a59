package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.ShardSet;
import dev.lockstep.sharding.TensorSpec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.ipc.ReadChannel;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reads single blocks of a dataset: one positional read each, checked, decoded into arrays. Lives
 * in an executor; used by one thread. Holds at most {@value #OPEN_FILES} open files and one block
 * of Arrow memory.
 */
final class BlockReader implements Closeable {

  private static final int OPEN_FILES = 16;

  private final ShardSet shardSet;
  private final Path location;
  private final FileSystem files;

  /** Index, over the dataset, of the first block of each shard. */
  private final int[] firstBlocks;

  private final Map<Integer, FSDataInputStream> open = new LinkedHashMap<>(16, 0.75f, true);
  private final BufferAllocator allocator = new RootAllocator();
  private final VectorSchemaRoot root;
  private final int[] sizes;
  private byte[] bytes = new byte[0];

  BlockReader(Dataset dataset, Configuration conf) throws IOException {
    shardSet = dataset.shardSet();
    sizes = shardSet.blockSizes();
    location = new Path(dataset.location());
    files = location.getFileSystem(conf);
    firstBlocks = new int[shardSet.shards().size()];
    for (int s = 1; s < firstBlocks.length; s++) {
      firstBlocks[s] = firstBlocks[s - 1] + shardSet.shards().get(s - 1).blocks().size();
    }
    root =
        VectorSchemaRoot.create(
            ArrowLayout.schema(shardSet.tensors(), shardSet.formatVersion()), allocator);
  }

  /**
   * Reads a block.
   *
   * @param block index over all shards in order
   * @return one column per tensor
   * @throws IOException naming file and block
   */
  List<Column> read(int block) throws IOException {
    int s = Arrays.binarySearch(firstBlocks, block);
    s = s >= 0 ? s : -s - 2;
    DataShard shard = shardSet.shards().get(s);
    int inShard = block - firstBlocks[s];
    DataBlock at = shard.blocks().get(inShard);
    try {
      fetch(s, shard, at);
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "%s cannot be read: %s".formatted(where(shard, inShard), e.getMessage()), e);
    }
    int crc32c = Checksum.of(bytes, at.length());
    if (crc32c != at.crc32c()) {
      throw new IOException(
          "%s is damaged: its CRC32C is %s, the manifest says %s; restore the file or shard the data again"
              .formatted(where(shard, inShard), Checksum.hex(crc32c), Checksum.hex(at.crc32c())));
    }
    try {
      return decode(at);
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "%s is not what its manifest says: %s".formatted(where(shard, inShard), e.getMessage()),
          e);
    }
  }

  /** Examples of a block. */
  int examples(int block) {
    return sizes[block];
  }

  /** Bytes of Arrow memory held now: none between two reads. */
  long arrowBytes() {
    return allocator.getAllocatedMemory();
  }

  private String where(DataShard shard, int inShard) {
    DataBlock at = shard.blocks().get(inShard);
    return "data shard %s, block %d (bytes %d to %d)"
        .formatted(new Path(location, shard.file()), inShard, at.offset(), at.end() - 1);
  }

  private void fetch(int s, DataShard shard, DataBlock at) throws IOException {
    FSDataInputStream stream = open.get(s);
    if (stream == null) {
      if (open.size() == OPEN_FILES) {
        int eldest = open.keySet().iterator().next();
        open.remove(eldest).close();
      }
      stream = files.open(new Path(location, shard.file()));
      open.put(s, stream);
    }
    if (bytes.length < at.length()) {
      bytes = new byte[at.length()];
    }
    stream.readFully(at.offset(), bytes, 0, at.length());
  }

  private List<Column> decode(DataBlock at) throws IOException {
    ReadChannel channel =
        new ReadChannel(new MemoryChannel(ByteBuffer.wrap(bytes, 0, at.length())));
    try (ArrowRecordBatch batch = MessageSerializer.deserializeRecordBatch(channel, allocator)) {
      if (batch.getLength() != at.examples()) {
        throw new IOException(
            "it has %d examples, the manifest says %d".formatted(batch.getLength(), at.examples()));
      }
      for (ArrowFieldNode node : batch.getNodes()) {
        if (node.getNullCount() != 0) {
          throw new IOException("it has %d missing values".formatted(node.getNullCount()));
        }
      }
      new VectorLoader(root).load(batch);
      List<Column> columns = new ArrayList<>();
      for (int t = 0; t < shardSet.tensors().size(); t++) {
        columns.add(column(shardSet.tensors().get(t), root.getVector(t), at.examples()));
      }
      return columns;
    } finally {
      root.clear();
    }
  }

  private static Column column(TensorSpec tensor, FieldVector vector, int examples)
      throws IOException {
    return switch (tensor.encoding()) {
      case FLOAT32 -> {
        float[] values = new float[Math.multiplyExact(examples, tensor.elements())];
        littleEndian(
                ((FixedSizeListVector) vector).getDataVector().getDataBuffer(),
                (long) Float.BYTES * values.length)
            .asFloatBuffer()
            .get(values);
        yield new Column.Dense(values, tensor.elements());
      }
      case CLASS_INDEX -> {
        int[] indices = new int[examples];
        littleEndian(vector.getDataBuffer(), (long) Integer.BYTES * examples)
            .asIntBuffer()
            .get(indices);
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

  private static ByteBuffer littleEndian(ArrowBuf buffer, long length) {
    return buffer.nioBuffer(0, Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Closes the files and gives the Arrow memory back. */
  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (FSDataInputStream stream : open.values()) {
      try {
        stream.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    open.clear();
    root.close();
    allocator.close();
    if (failure != null) {
      throw failure;
    }
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
