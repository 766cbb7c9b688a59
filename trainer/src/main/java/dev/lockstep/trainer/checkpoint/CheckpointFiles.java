package dev.lockstep.trainer.checkpoint;

import dev.lockstep.sharding.store.AtomicFile;
import dev.lockstep.sharding.store.IfExists;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * A Hadoop file system as checkpoints need it: what is written is on the disk, what fails says so
 * as an {@code IOException}, and what may not be read is not taken for missing. Stateless and
 * thread-safe; methods block.
 */
final class CheckpointFiles {

  private final FileSystem files;

  CheckpointFiles(FileSystem files) throws IOException {
    // Hadoop's checksums of local files are one more file to lose; every file here has its own.
    FileSystem raw =
        files instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : files;
    this.files =
        raw.getClass() == RawLocalFileSystem.class
            ? LocalFiles.like((RawLocalFileSystem) raw)
            : raw;
  }

  /** Writes into a stream, and does not close it. */
  interface Content<T> {
    T writeTo(OutputStream out) throws IOException;
  }

  /** Reads from a stream, and does not close it. */
  interface Reader<T> {
    T readFrom(FSDataInputStream in) throws IOException;
  }

  /** What is in a folder; nothing where there is none. */
  List<FileStatus> list(Path folder) throws IOException {
    try {
      return List.of(files.listStatus(folder));
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  /** Creates a folder, and those above it. */
  void create(Path folder) throws IOException {
    if (!files.mkdirs(folder)) {
      throw new IOException("cannot create folder " + folder);
    }
  }

  /** Whether there is such a file or folder. */
  boolean exists(Path path) throws IOException {
    return files.exists(path);
  }

  /** Writes a file, and has it on the disk. Of one that fails as little as possible is left. */
  <T> T write(Path file, Content<T> content) throws IOException {
    FSDataOutputStream out = null;
    try {
      files.mkdirs(file.getParent());
      out = files.create(file, true);
      T result = content.writeTo(out);
      if (out.hasCapability(StreamCapabilities.HSYNC)) {
        out.hsync();
      }
      out.close();
      return result;
    } catch (IOException | FSError e) {
      IOException failure = failure(e);
      abandon(file, out, failure);
      throw failure;
    }
  }

  /** So that a full disk does not stay full of what nobody will read. */
  private void abandon(Path file, FSDataOutputStream out, IOException failure) {
    if (out == null) {
      return;
    }
    try {
      if (files.hasPathCapability(file, CommonPathCapabilities.ABORTABLE_STREAM)) {
        out.abort();
      } else {
        out.close();
      }
    } catch (IOException | RuntimeException | FSError e) {
      failure.addSuppressed(e);
    }
    try {
      files.delete(file, false);
    } catch (IOException | FSError e) {
      failure.addSuppressed(e);
    }
  }

  /** Puts a small file in its place at once; see {@link AtomicFile}. */
  void put(Path file, byte[] content, IfExists ifExists) throws IOException {
    AtomicFile.put(files, file, content, ifExists);
  }

  /** Has the names of a folder's files on the disk. */
  void sync(Path folder) throws IOException {
    AtomicFile.syncFolder(files, folder);
  }

  /**
   * Reads a file.
   *
   * @throws FileNotFoundException if there is none
   * @throws DamagedFileException if the file system itself finds it damaged
   */
  <T> T read(Path file, Reader<T> reader) throws IOException {
    try (FSDataInputStream in = files.open(file)) {
      return reader.readFrom(in);
    } catch (FileNotFoundException e) {
      // What local files say of one that may not be read, too.
      if (files.exists(file)) {
        throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
      }
      throw e;
    } catch (ChecksumException e) {
      throw new DamagedFileException(file + " is damaged: " + e.getMessage(), e);
    } catch (FSError e) {
      throw new IOException("cannot read " + file + ": " + failure(e).getMessage(), e);
    }
  }

  /** Deletes a file, or a folder with all that is in it; nothing where there is none. */
  void delete(Path path) throws IOException {
    if (!files.delete(path, true) && files.exists(path)) {
      throw new IOException("cannot delete " + path);
    }
  }

  /** Renames a file or a folder to a name that nothing has. */
  void rename(Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }

  /** Hadoop makes errors, which are no exceptions, of what goes wrong on local disks. */
  private static IOException failure(Throwable thrown) {
    if (thrown instanceof IOException failure) {
      return failure;
    }
    Throwable cause = thrown.getCause() == null ? thrown : thrown.getCause();
    return new IOException(cause.getMessage(), thrown);
  }
}
