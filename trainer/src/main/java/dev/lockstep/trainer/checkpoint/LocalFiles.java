package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's local files, without the process that Hadoop starts for each new file and folder to set
 * its permissions where its native library is missing, as it is with Spark.
 */
final class LocalFiles extends RawLocalFileSystem {

  /** The same files as of another one. */
  static RawLocalFileSystem like(RawLocalFileSystem files) throws IOException {
    LocalFiles like = new LocalFiles();
    like.initialize(files.getUri(), files.getConf());
    return like;
  }

  @Override
  public void setPermission(Path path, FsPermission permission) throws IOException {
    String nine =
        permission.getUserAction().SYMBOL
            + permission.getGroupAction().SYMBOL
            + permission.getOtherAction().SYMBOL;
    try {
      Files.setPosixFilePermissions(
          pathToFile(path).toPath(), PosixFilePermissions.fromString(nine));
    } catch (UnsupportedOperationException e) {
      super.setPermission(path, permission);
    }
  }
}
