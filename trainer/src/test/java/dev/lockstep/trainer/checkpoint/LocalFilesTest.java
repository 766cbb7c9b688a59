package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFilesTest {

  @TempDir private Path folder;

  @Test
  void newFilesHaveThePermissionsThatHadoopGivesThem() throws IOException {
    Configuration hadoop = new Configuration();
    hadoop.set("fs.permissions.umask-mode", "027");
    RawLocalFileSystem files = new RawLocalFileSystem();
    files.initialize(folder.toUri(), hadoop);
    create(files, "hadoop");
    create(LocalFiles.like(files), "ours");
    assertEquals("rwxr-x--- rw-r-----", permissions("hadoop"));
    assertEquals("rwxr-x--- rw-r-----", permissions("ours"));
  }

  private void create(FileSystem files, String name) throws IOException {
    files
        .create(new org.apache.hadoop.fs.Path(folder.resolve(name).resolve("file").toUri()))
        .close();
  }

  private String permissions(String name) throws IOException {
    return permissions(folder.resolve(name)) + " " + permissions(folder.resolve(name + "/file"));
  }

  private static String permissions(Path path) throws IOException {
    return java.nio.file.attribute.PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path));
  }
}
