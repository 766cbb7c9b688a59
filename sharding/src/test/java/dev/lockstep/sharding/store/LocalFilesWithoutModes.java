package dev.lockstep.sharding.store;

import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local files with the modes of the process. Without Hadoop's native library, {@code
 * RawLocalFileSystem.setPermission} starts a process for each file, which takes most of a test's
 * time.
 */
public final class LocalFilesWithoutModes extends LocalFileSystem {

  @Override
  public void setPermission(Path file, FsPermission permission) {}
}
