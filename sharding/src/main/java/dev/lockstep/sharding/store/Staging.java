package dev.lockstep.sharding.store;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Split;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The making of a dataset, so that a folder holds a complete one or none. Used on the driver; the
 * tasks write only into {@link #folder()}.
 *
 * <pre>
 * LOCATION/_writing-UUID.OWNER/                    begin; tasks write, one file per attempt:
 *                              shard-00003.training.attempt-17.arrow
 * LOCATION/data-FINGERPRINT/_owner-UUID.OWNER      commit: only this job writes in the folder
 * LOCATION/data-FINGERPRINT/shard-00003.arrow      commit: the attempts that count, renamed
 * LOCATION/manifest.json                           commit: last, at once (see {@link AtomicFile})
 * </pre>
 *
 * <p>What holds, on local file systems, HDFS and object stores, since only the manifest makes a
 * dataset and it names a folder that no other job touches:
 *
 * <ul>
 *   <li>A job that is killed at any moment leaves the location without a dataset, or with the one
 *       that was there before, or with its own, complete. What else it leaves is deleted by a later
 *       {@link #begin} ({@link Leftovers} says when) or {@link #commit}.
 *   <li>Jobs that write to one location at the same time do not see each other's files. With {@link
 *       IfExists#REPLACE} the last to commit wins; with {@link IfExists#REFUSE} the first, and
 *       another that made the same dataset takes that one for its own. In the end one complete
 *       dataset stands.
 *   <li>A job whose folder was deleted because it was taken for dead fails; nothing is mixed.
 *   <li>Folders are named by the data alone where a job is the only one in its location; else by
 *       the data and a random number. So a name is not used again while someone may be deleting it.
 * </ul>
 */
public final class Staging implements AutoCloseable {

  private final FileSystem files;
  private final Path location;
  private final IfExists ifExists;
  private final UUID id = UUID.randomUUID();
  private final Path folder;
  private final Leftovers leftovers;
  private boolean committed;

  private Staging(FileSystem files, Path location, IfExists ifExists) {
    this.files = files;
    this.location = location;
    this.ifExists = ifExists;
    folder = new Path(location, Owner.current().name(Leftovers.WRITING + id));
    leftovers = new Leftovers(files, location);
  }

  /**
   * Begins a dataset.
   *
   * @param location folder of the dataset, any Hadoop URI; created if needed
   * @throws FileAlreadyExistsException when it holds a dataset that is not to be replaced
   */
  public static Staging begin(String location, Configuration conf, IfExists ifExists)
      throws IOException {
    AddressSecrets.requireNone("dataset", location);
    Path path = new Path(location);
    return begin(path.getFileSystem(conf), path, ifExists);
  }

  static Staging begin(FileSystem files, Path location, IfExists ifExists) throws IOException {
    Path path = files.makeQualified(location);
    refuseExisting(files, path, ifExists);
    files.mkdirs(path);
    Staging staging = new Staging(files, path, ifExists);
    files.mkdirs(staging.folder);
    staging.leftovers.delete(files.getFileStatus(staging.folder).getModificationTime());
    return staging;
  }

  /** Refuses what {@link #begin} would refuse: each ingest calls it once, before it reads data. */
  public static void refuseExisting(String location, Configuration conf, IfExists ifExists)
      throws IOException {
    AddressSecrets.requireNone("dataset", location);
    Path path = new Path(location);
    FileSystem files = path.getFileSystem(conf);
    refuseExisting(files, files.makeQualified(path), ifExists);
  }

  private static void refuseExisting(FileSystem files, Path path, IfExists ifExists)
      throws IOException {
    if (files.exists(path) && !files.getFileStatus(path).isDirectory()) {
      throw new FileAlreadyExistsException(
          "%s is a file: name a folder for the dataset".formatted(path));
    }
    if (ifExists == IfExists.REFUSE && files.exists(new Path(path, ManifestFile.NAME))) {
      throw holdsDataset(path);
    }
  }

  private static FileAlreadyExistsException holdsDataset(Path path) {
    return new FileAlreadyExistsException(
        "%s already holds a dataset: choose another folder, or ask to replace it".formatted(path));
  }

  /** Where tasks write; a Hadoop URI. */
  public String folder() {
    return folder.toString();
  }

  /** Name of the file that one attempt at a data shard of one split writes. */
  public static String attemptFile(int shard, Split split, long attempt) {
    return "shard-%05d.%s.attempt-%d.arrow"
        .formatted(shard, split.name().toLowerCase(Locale.ROOT), attempt);
  }

  /**
   * Makes the dataset complete.
   *
   * @param written the shards that count, in order, under the names their attempts gave them
   * @param manifest makes the manifest from the shards under their final names
   * @return the dataset that stands now: this one, or with {@link IfExists#REFUSE} an equal one
   *     that another job has completed meanwhile
   * @throws FileAlreadyExistsException when another job has completed another one meanwhile, and it
   *     is not to be replaced
   */
  public ShardedDataset commit(
      List<DataShard> written, Function<List<DataShard>, DatasetManifest> manifest)
      throws IOException {
    DatasetManifest made = manifest.apply(written);
    Path data = claim("data-" + made.fingerprint().substring(0, 12));
    try {
      made = manifest.apply(place(written, data));
      ManifestFile.write(files, location, made, ifExists);
    } catch (FileAlreadyExistsException e) {
      files.delete(data, true);
      return standing(made, manifest);
    } catch (IOException | RuntimeException e) {
      deleteUnlessNamed(data, e);
      throw e;
    }
    committed = true;
    tidy(data);
    return new ShardedDataset(location.toString(), made);
  }

  private List<DataShard> place(List<DataShard> written, Path data) throws IOException {
    List<DataShard> placed = new ArrayList<>();
    for (int s = 0; s < written.size(); s++) {
      DataShard shard = written.get(s);
      String name = "shard-%05d.arrow".formatted(s);
      Path from = new Path(folder, shard.file());
      Path to = new Path(data, name);
      if (!files.rename(from, to)) {
        throw new IOException(
            "cannot rename %s to %s: was the folder deleted, because this job was taken for dead?"
                .formatted(from, to));
      }
      placed.add(shard.renamed(data.getName() + "/" + name));
    }
    return placed;
  }

  /**
   * Makes a folder that no other job writes in. Under its plain name only when no other folder of
   * data is here, before and after: whoever may still be deleting one of that name has put its own
   * beside it.
   */
  private Path claim(String name) throws IOException {
    Path plain = new Path(location, name);
    if (leftovers.dataFolders().isEmpty()) {
      files.create(owner(plain), false).close();
      if (files.listStatus(plain).length == 1 && leftovers.dataFolders().size() == 1) {
        return plain;
      }
      files.delete(owner(plain), false);
      deleteIfEmpty(plain);
    }
    Path unique = new Path(location, name + "-" + id.toString().substring(0, 8));
    files.create(owner(unique), false).close();
    return unique;
  }

  private Path owner(Path data) {
    return new Path(data, Owner.current().name(Leftovers.OWNER + id));
  }

  private void deleteIfEmpty(Path folder) {
    try {
      files.delete(folder, false);
    } catch (IOException e) {
      // Not empty, or gone: another job's.
    }
  }

  /** The dataset that another job has completed, if it is the one that this job made. */
  private ShardedDataset standing(
      DatasetManifest ours, Function<List<DataShard>, DatasetManifest> manifest)
      throws IOException {
    DatasetManifest standing = ManifestFile.read(files, location);
    // The same examples, and the same said about them; names of folders may differ.
    if (!standing.fingerprint().equals(ours.fingerprint())
        || !manifest.apply(standing.shards()).equals(standing)) {
      throw holdsDataset(location);
    }
    return new ShardedDataset(location.toString(), standing);
  }

  /** A failure may be reported of a manifest that was written all the same. */
  private void deleteUnlessNamed(Path data, Exception failure) {
    try {
      if (!leftovers.named().contains(data)) {
        files.delete(data, true);
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** What is left over now; the dataset stands, whether this succeeds or not. */
  private void tidy(Path data) {
    try {
      FileStatus owner = files.getFileStatus(owner(data));
      files.delete(owner.getPath(), false);
      files.delete(folder, true);
      leftovers.delete(owner.getModificationTime());
    } catch (IOException e) {
      // Another job may have replaced this dataset already; what is left, a later one deletes.
    }
  }

  /** Deletes what was written, unless it was committed. */
  @Override
  public void close() throws IOException {
    if (!committed) {
      files.delete(folder, true);
    }
  }
}
