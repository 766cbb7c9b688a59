package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.ShardSet;
import dev.lockstep.sharding.plan.Part;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
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
 * LOCATION/_writing-UUID/shard-00003.training.attempt-17.arrow   tasks write, one file per attempt
 * LOCATION/_writing-UUID/shard-00003.arrow              commit: the attempts that count, renamed;
 *                                                       all other files deleted
 * LOCATION/data-FINGERPRINT/shard-00003.arrow           commit: the folder renamed
 * LOCATION/manifest.json                                commit: written last
 * </pre>
 *
 * <p>One ingest at a time: beginning one deletes what earlier ones that did not finish left behind.
 */
public final class Staging implements AutoCloseable {

  private static final String WRITING = "_writing-";

  private final FileSystem files;
  private final Path location;
  private final Path folder;
  private boolean committed;

  private Staging(FileSystem files, Path location, Path folder) {
    this.files = files;
    this.location = location;
    this.folder = folder;
  }

  /**
   * Begins a dataset.
   *
   * @param location folder of the dataset, any Hadoop URI; created if needed
   * @throws FileAlreadyExistsException when it holds a dataset that is not to be replaced
   */
  public static Staging begin(String location, Configuration conf, IfExists ifExists)
      throws IOException {
    Path path = new Path(location);
    FileSystem files = path.getFileSystem(conf);
    path = files.makeQualified(path);
    refuseExisting(files, path, ifExists);
    files.mkdirs(path);
    for (FileStatus status : files.listStatus(path)) {
      if (status.getPath().getName().startsWith(WRITING)) {
        files.delete(status.getPath(), true);
      }
    }
    Path folder = new Path(path, WRITING + UUID.randomUUID());
    files.mkdirs(folder);
    return new Staging(files, path, folder);
  }

  /** Refuses early what {@link #begin} would refuse, before anything is computed. */
  public static void refuseExisting(String location, Configuration conf, IfExists ifExists)
      throws IOException {
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
      throw new FileAlreadyExistsException(
          "%s already holds a dataset: choose another folder, or ask to replace it"
              .formatted(path));
    }
  }

  /** Where tasks write; a Hadoop URI. */
  public String folder() {
    return folder.toString();
  }

  /** Name of the file that one attempt at a data shard of one part writes. */
  public static String attemptFile(int shard, Part part, long attempt) {
    return "shard-%05d.%s.attempt-%d.arrow"
        .formatted(shard, part.name().toLowerCase(Locale.ROOT), attempt);
  }

  /**
   * Makes the dataset complete.
   *
   * @param written the shards that count, in order, under the names their attempts gave them
   * @param manifest makes the manifest from the shards under their final names
   */
  public Dataset commit(List<DataShard> written, Function<List<DataShard>, ShardSet> manifest)
      throws IOException {
    Set<String> counted = new LinkedHashSet<>();
    List<DataShard> named = new ArrayList<>();
    for (int s = 0; s < written.size(); s++) {
      String name = "shard-%05d.arrow".formatted(s);
      rename(new Path(folder, written.get(s).file()), new Path(folder, name));
      counted.add(name);
      named.add(written.get(s).renamed(name));
    }
    for (FileStatus status : files.listStatus(folder)) {
      if (!counted.contains(status.getPath().getName())) {
        files.delete(status.getPath(), true);
      }
    }
    String fingerprint = manifest.apply(named).fingerprint();
    Path data = free("data-" + fingerprint.substring(0, 12));
    List<DataShard> placed =
        named.stream().map(shard -> shard.renamed(data.getName() + "/" + shard.file())).toList();
    ShardSet shardSet = manifest.apply(placed);
    Set<Path> replaced = foldersOfExisting();
    rename(folder, data);
    try {
      ManifestFile.write(files, location, shardSet);
    } catch (IOException | RuntimeException e) {
      files.delete(data, true);
      throw e;
    }
    committed = true;
    for (Path old : replaced) {
      files.delete(old, true);
    }
    return new Dataset(location.toString(), shardSet);
  }

  /** The folder of that name, or with a number behind it if it is taken by the same data. */
  private Path free(String name) throws IOException {
    Path path = new Path(location, name);
    for (int i = 1; files.exists(path); i++) {
      path = new Path(location, name + "-" + i);
    }
    return path;
  }

  /** Folders that only the dataset to be replaced uses. */
  private Set<Path> foldersOfExisting() throws IOException {
    Set<Path> folders = new LinkedHashSet<>();
    if (files.exists(new Path(location, ManifestFile.NAME))) {
      try {
        for (DataShard shard : ManifestFile.read(files, location).shards()) {
          Path parent = new Path(location, shard.file()).getParent();
          if (parent.getParent().equals(location) && parent.getName().startsWith("data-")) {
            folders.add(parent);
          }
        }
      } catch (IOException e) {
        // A manifest that cannot be read is replaced all the same; its files stay behind.
        return Set.of();
      }
    }
    return folders;
  }

  private void rename(Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename %s to %s".formatted(from, to));
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
