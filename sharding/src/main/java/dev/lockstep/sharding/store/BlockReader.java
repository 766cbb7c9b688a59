package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ShardedDataset;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reads single blocks of a dataset: one positional read each, checked, decoded into arrays. Lives
 * in an executor; used by one thread. Holds at most {@value #OPEN_FILES} open files and one block
 * of Arrow memory.
 */
public final class BlockReader implements Closeable {

  private static final int OPEN_FILES = 16;

  private final DatasetManifest manifest;
  private final Path location;
  private final FileSystem files;

  /** Index, over the dataset, of the first block of each shard. */
  private final int[] firstBlocks;

  private final Map<Integer, FSDataInputStream> open = new LinkedHashMap<>(16, 0.75f, true);
  private final BlockDecoder decoder;
  private final int[] sizes;
  private byte[] bytes = new byte[0];

  public BlockReader(ShardedDataset dataset, Configuration conf) throws IOException {
    manifest = dataset.manifest();
    sizes = manifest.blockSizes();
    location = new Path(dataset.location());
    FileSystem found = location.getFileSystem(conf);
    // Every block has a checksum of its own: Hadoop's beside local files would be a second one.
    files = found instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : found;
    firstBlocks = new int[manifest.shards().size()];
    for (int s = 1; s < firstBlocks.length; s++) {
      firstBlocks[s] = firstBlocks[s - 1] + manifest.shards().get(s - 1).blocks().size();
    }
    decoder = new BlockDecoder(manifest);
  }

  /**
   * Reads a block.
   *
   * @param block index over all shards in order
   * @return one column per tensor
   * @throws IOException naming file and block
   */
  public List<Column> read(int block) throws IOException {
    int s = Arrays.binarySearch(firstBlocks, block);
    s = s >= 0 ? s : -s - 2;
    DataShard shard = manifest.shards().get(s);
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
      return decoder.decode(bytes, at);
    } catch (UnsupportedOperationException e) {
      throw new IOException(
          "%s cannot be read: %s".formatted(where(shard, inShard), e.getMessage()), e);
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "%s is not what its manifest says: %s".formatted(where(shard, inShard), e.getMessage()),
          e);
    }
  }

  /** Examples of a block. */
  public int examples(int block) {
    return sizes[block];
  }

  /** Bytes of Arrow memory held now: none between two reads. */
  public long arrowBytes() {
    return decoder.arrowBytes();
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
    decoder.close();
    if (failure != null) {
      throw failure;
    }
  }
}
