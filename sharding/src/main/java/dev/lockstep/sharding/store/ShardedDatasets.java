package dev.lockstep.sharding.store;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ShardedDataset;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Opens sharded datasets. Used on the driver. */
public final class ShardedDatasets {

  private ShardedDatasets() {}

  /** Whether a folder holds a complete sharded dataset, judged by its manifest being there. */
  public static boolean exists(String location, Configuration conf) throws IOException {
    AddressSecrets.requireNone("data", location);
    Path path = new Path(location);
    return path.getFileSystem(conf).exists(new Path(path, ManifestFile.NAME));
  }

  /**
   * Reads the manifest and checks that every data shard is there with the right length. Does not
   * read the shards: a damaged block is found when it is read, or by {@link #verify}.
   *
   * @param location folder, any Hadoop URI
   * @throws IOException saying what is missing or wrong, and what to do
   */
  public static ShardedDataset open(String location, Configuration conf) throws IOException {
    AddressSecrets.requireNone("data", location);
    Path path = new Path(location);
    FileSystem files = path.getFileSystem(conf);
    Path qualified = files.makeQualified(path);
    if (!files.exists(qualified)) {
      throw new FileNotFoundException("no dataset at %s: it does not exist".formatted(qualified));
    }
    if (!files.exists(new Path(qualified, ManifestFile.NAME))) {
      throw new FileNotFoundException(
          "no sharded dataset at %s: it has no %s, so it is something else or its sharding did not finish"
              .formatted(qualified, ManifestFile.NAME));
    }
    DatasetManifest manifest = ManifestFile.read(files, qualified);
    while (true) {
      try {
        check(files, qualified, manifest);
        return new ShardedDataset(qualified.toString(), manifest);
      } catch (IOException e) {
        DatasetManifest now = ManifestFile.read(files, qualified);
        if (now.equals(manifest)) {
          throw e;
        }
        // It was replaced between the two looks.
        manifest = now;
      }
    }
  }

  private static void check(FileSystem files, Path qualified, DatasetManifest manifest)
      throws IOException {
    Map<Path, Map<String, Long>> lengths = new HashMap<>();
    for (DataShard shard : manifest.shards()) {
      Path file = new Path(qualified, shard.file());
      Path folder = file.getParent();
      if (!lengths.containsKey(folder)) {
        lengths.put(folder, lengths(files, folder));
      }
      Long length = lengths.get(folder).get(file.getName());
      if (length == null) {
        throw new FileNotFoundException(
            "data shard %s is missing, but the manifest names it: restore it or shard the data again"
                .formatted(file));
      }
      if (length != shard.bytes()) {
        throw new IOException(
            "data shard %s has %d bytes, the manifest says %d: it was cut or changed; restore it or shard the data again"
                .formatted(file, length, shard.bytes()));
      }
    }
  }

  /**
   * Reads and checks every block of a dataset, one at a time.
   *
   * @throws IOException naming file and block of the first that is damaged
   */
  public static void verify(ShardedDataset dataset, Configuration conf) throws IOException {
    int blocks = dataset.manifest().blockSizes().length;
    try (BlockReader reader = new BlockReader(dataset, conf)) {
      for (int block = 0; block < blocks; block++) {
        reader.read(block);
      }
    }
  }

  private static Map<String, Long> lengths(FileSystem files, Path folder) throws IOException {
    Map<String, Long> lengths = new HashMap<>();
    try {
      for (FileStatus status : files.listStatus(folder)) {
        lengths.put(status.getPath().getName(), status.getLen());
      }
    } catch (FileNotFoundException e) {
      // Without the folder its shards are missing: reported by name.
    }
    return lengths;
  }
}
