package dev.lockstep.sharding.store;

import dev.lockstep.sharding.DataShard;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What jobs that did not finish, or whose dataset was replaced, left in a dataset's folder. Only
 * what no living job needs is deleted:
 *
 * <ul>
 *   <li>a folder or a manifest that a job writes, when its owner is provably gone (the process has
 *       ended on this machine), or when nothing in it has changed for {@link #STALE_AFTER};
 *   <li>a folder of data shards that the manifest does not name, when nobody owns it any more, or
 *       the owner is gone as above.
 * </ul>
 *
 * <p>Anything with another name is left alone.
 */
final class Leftovers {

  /**
   * How long nothing must have changed before a job whose process cannot be seen counts as gone.
   */
  static final Duration STALE_AFTER = Duration.ofDays(3);

  static final String WRITING = "_writing-";
  static final String OWNER = "_owner-";
  private static final String MANIFEST = "_" + ManifestFile.NAME + ".";

  private static final Pattern DATA = Pattern.compile("data-[0-9a-f]{12}(-[0-9a-f]+)?");

  /** Also the checksums that Hadoop keeps of local files. */
  private static final Pattern OURS =
      Pattern.compile("shard-[0-9]{5,}\\.arrow|_owner-.*|\\..*\\.crc");

  private final FileSystem files;
  private final Path location;

  Leftovers(FileSystem files, Path location) {
    this.files = files;
    this.location = location;
  }

  /** Folders of data shards, of whichever job. */
  List<FileStatus> dataFolders() throws IOException {
    return list(location).stream()
        .filter(each -> each.isDirectory() && DATA.matcher(each.getPath().getName()).matches())
        .toList();
  }

  /**
   * Deletes them.
   *
   * @param now modification time of something that was written just now: the file system's clock
   */
  void delete(long now) throws IOException {
    for (FileStatus status : list(location)) {
      Path path = status.getPath();
      String name = path.getName();
      if ((name.startsWith(WRITING) || name.startsWith(MANIFEST))
          && (isGone(path)
              || isStale(status, status.isDirectory() ? list(path) : List.of(), now))) {
        delete(path);
      }
    }
    List<Path> unowned = new ArrayList<>();
    for (FileStatus folder : dataFolders()) {
      List<FileStatus> content = list(folder.getPath());
      List<Path> names = content.stream().map(FileStatus::getPath).toList();
      List<Path> owners = names.stream().filter(Leftovers::isOwner).toList();
      boolean given = !names.isEmpty() && owners.stream().allMatch(Leftovers::isGone);
      if (names.stream().allMatch(Leftovers::isOurs) && (given || isStale(folder, content, now))) {
        unowned.add(folder.getPath());
      }
    }
    if (unowned.isEmpty()) {
      return;
    }
    // Read only now: a folder without an owner is named by the manifest already, or never will be.
    Set<Path> named;
    try {
      named = named();
    } catch (IOException e) {
      // A manifest that cannot be read may name any of them.
      return;
    }
    for (Path folder : unowned) {
      if (!named.contains(folder)) {
        delete(folder);
      }
    }
  }

  /** Folders that the manifest names; none when there is no manifest. */
  Set<Path> named() throws IOException {
    Set<Path> folders = new HashSet<>();
    try {
      for (DataShard shard : ManifestFile.read(files, location).shards()) {
        folders.add(new Path(location, shard.file()).getParent());
      }
    } catch (FileNotFoundException e) {
      return Set.of();
    }
    return folders;
  }

  private void delete(Path path) throws IOException {
    try {
      files.delete(path, true);
    } catch (FileNotFoundException e) {
      // Another job was faster.
    }
  }

  private static boolean isGone(Path owned) {
    return Owner.in(owned.getName()).map(Owner::isGone).orElse(false);
  }

  private static boolean isStale(FileStatus folder, List<FileStatus> content, long now) {
    long changed =
        content.stream()
            .mapToLong(FileStatus::getModificationTime)
            .max()
            .orElse(folder.getModificationTime());
    return now - changed > STALE_AFTER.toMillis();
  }

  private static boolean isOwner(Path file) {
    return file.getName().startsWith(OWNER);
  }

  private static boolean isOurs(Path file) {
    return OURS.matcher(file.getName()).matches();
  }

  private List<FileStatus> list(Path folder) throws IOException {
    try {
      return List.of(files.listStatus(folder));
    } catch (FileNotFoundException e) {
      // Another job has just deleted it.
      return List.of();
    }
  }
}
