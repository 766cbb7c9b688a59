package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVectorHelper;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes one data shard: an Arrow IPC file with one record batch per block. The bytes depend on the
 * examples, the tensors, the block size and the compression (see {@link ShardCompression}) alone.
 * Lives in an executor; used by one thread; holds one block in memory.
 */
public final class ShardWriter implements AutoCloseable {

  private final FileSystem files;
  private final Path file;
  private final List<TensorSpec> tensors;
  private final int blockExamples;

  /** The block being filled, per tensor; class indices are kept as floats until written. */
  private final List<float[]> pending = new ArrayList<>();

  private int pendingExamples;
  private final List<DataBlock> blocks = new ArrayList<>();
  private final CheckedChannel channel;
  private final BufferAllocator allocator = new RootAllocator();
  private final VectorSchemaRoot root;
  private final ArrowFileWriter arrow;
  private boolean finished;

  /** A writer that does not compress. */
  public ShardWriter(FileSystem files, Path file, List<TensorSpec> tensors, int blockExamples)
      throws IOException {
    this(files, file, tensors, blockExamples, ShardCompression.NONE);
  }

  /**
   * Creates the file, which must not exist, in a folder that must.
   *
   * @param files where
   * @param file the file to create; deleted by {@link #close} unless {@link #finish} was called
   * @param tensors of every example
   * @param blockExamples examples of each block but the last
   * @param compression of the blocks
   * @throws UnsupportedOperationException when this JVM lacks the compression
   */
  public ShardWriter(
      FileSystem files,
      Path file,
      List<TensorSpec> tensors,
      int blockExamples,
      ShardCompression compression)
      throws IOException {
    this.files = files;
    this.file = file;
    this.tensors = List.copyOf(tensors);
    this.blockExamples = blockExamples;
    if (blockExamples < 1) {
      throw new IllegalArgumentException("blockExamples=" + blockExamples + " must be >= 1");
    }
    for (TensorSpec tensor : tensors) {
      long bytes = (long) blockExamples * tensor.storedValues() * Float.BYTES;
      if (bytes > Integer.MAX_VALUE / 4) {
        throw new IllegalArgumentException(
            "blockExamples=%d of tensor %s with %d elements are %d bytes: lower the block size"
                .formatted(blockExamples, tensor.name(), tensor.elements(), bytes));
      }
      pending.add(new float[blockExamples * tensor.storedValues()]);
    }
    compression.requireAvailable();
    // Not recursive: an attempt that outlives its job must not bring the folder back.
    channel = new CheckedChannel(files.createFile(file).overwrite(false).build());
    root = VectorSchemaRoot.create(ArrowLayout.schema(tensors), allocator);
    arrow =
        new ArrowFileWriter(
            root,
            null,
            channel,
            null,
            IpcOption.DEFAULT,
            new CodecOf(compression),
            compression.type());
    arrow.start();
  }

  /**
   * Appends an example.
   *
   * @param example that fits the tensors, as {@link Example#check} says: not checked again
   */
  public void add(Example example) throws IOException {
    for (int t = 0; t < tensors.size(); t++) {
      float[] values = example.values().get(t);
      System.arraycopy(values, 0, pending.get(t), pendingExamples * values.length, values.length);
    }
    pendingExamples++;
    if (pendingExamples == blockExamples) {
      flush();
    }
  }

  /** Examples appended so far. */
  public long examples() {
    return blocks.stream().mapToLong(DataBlock::examples).sum() + pendingExamples;
  }

  /**
   * Writes what is pending and the footer, and closes the file.
   *
   * @return what the manifest says about it, under the file's own name
   * @throws IllegalStateException when no example was added
   */
  public DataShard finish() throws IOException {
    if (pendingExamples > 0) {
      flush();
    }
    if (blocks.isEmpty()) {
      throw new IllegalStateException("data shard " + file + " has no examples");
    }
    arrow.end();
    channel.close();
    finished = true;
    return new DataShard(file.getName(), channel.position, channel.fileCrc(), blocks);
  }

  private void flush() throws IOException {
    int n = pendingExamples;
    for (int t = 0; t < tensors.size(); t++) {
      fill(tensors.get(t), root.getVector(t), pending.get(t), n);
    }
    root.setRowCount(n);
    long offset = channel.position;
    channel.block.reset();
    arrow.writeBatch();
    blocks.add(
        new DataBlock(
            n, offset, Math.toIntExact(channel.position - offset), (int) channel.block.getValue()));
    root.clear();
    pendingExamples = 0;
  }

  private static void fill(TensorSpec tensor, FieldVector vector, float[] values, int examples) {
    switch (tensor.encoding()) {
      case FLOAT32 -> {
        FixedSizeListVector list = (FixedSizeListVector) vector;
        BaseFixedWidthVector items = (BaseFixedWidthVector) list.getDataVector();
        int elements = examples * tensor.elements();
        list.setInitialCapacity(examples);
        list.allocateNew();
        items.allocateNew(elements);
        present(list.getValidityBuffer(), examples);
        present(items.getValidityBuffer(), elements);
        littleEndian(items.getDataBuffer(), elements).asFloatBuffer().put(values, 0, elements);
        list.setValueCount(examples);
      }
      case CLASS_INDEX -> {
        BaseFixedWidthVector classes = (BaseFixedWidthVector) vector;
        classes.allocateNew(examples);
        present(classes.getValidityBuffer(), examples);
        ByteBuffer to = littleEndian(classes.getDataBuffer(), examples);
        for (int i = 0; i < examples; i++) {
          to.putInt(i * Integer.BYTES, (int) values[i]);
        }
        classes.setValueCount(examples);
      }
    }
  }

  private static ByteBuffer littleEndian(ArrowBuf buffer, int elements) {
    return buffer
        .nioBuffer(0, Math.multiplyExact(elements, Float.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Sets the validity bits of all values, and none after them: the bytes are part of the CRC. */
  private static void present(ArrowBuf validity, int values) {
    validity.setZero(0L, validity.capacity());
    validity.setOne(0L, (long) (values / Byte.SIZE));
    for (int i = values / Byte.SIZE * Byte.SIZE; i < values; i++) {
      BitVectorHelper.setBit(validity, i);
    }
  }

  /** Frees the memory; deletes the file unless it is finished. */
  @Override
  public void close() throws IOException {
    root.close();
    allocator.close();
    if (!finished) {
      try {
        channel.close();
      } finally {
        files.delete(file, false);
      }
    }
  }

  /** Gives the codec that was asked for, in place of what a search of the class path finds. */
  private record CodecOf(ShardCompression compression) implements CompressionCodec.Factory {
    @Override
    public CompressionCodec createCodec(CompressionUtil.CodecType type) {
      return compression.codec();
    }

    @Override
    public CompressionCodec createCodec(CompressionUtil.CodecType type, int level) {
      return compression.codec();
    }
  }

  /** Counts and checks the bytes on their way into the file. */
  private static final class CheckedChannel implements WritableByteChannel {
    private final OutputStream out;
    private final CRC32C whole = new CRC32C();
    private final CRC32C block = new CRC32C();
    private long position;
    private boolean open = true;
    private byte[] copy = new byte[1 << 16];

    CheckedChannel(OutputStream out) {
      this.out = out;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      int total = from.remaining();
      while (from.hasRemaining()) {
        int length = Math.min(copy.length, from.remaining());
        from.get(copy, 0, length);
        out.write(copy, 0, length);
        whole.update(copy, 0, length);
        block.update(copy, 0, length);
        position += length;
      }
      return total;
    }

    int fileCrc() {
      return (int) whole.getValue();
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() throws IOException {
      if (open) {
        open = false;
        out.close();
      }
    }
  }
}
