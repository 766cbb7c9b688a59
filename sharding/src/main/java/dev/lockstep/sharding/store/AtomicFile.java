package dev.lockstep.sharding.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.UUID;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * Puts a file in its place as a whole: whoever opens it at any moment, also after a kill or a power
 * cut, finds the old content or the new. How depends on the file system:
 *
 * <pre>
 * local           written beside, without Hadoop's checksum file (two files cannot change in one
 *                 moment), then rename(2); link(2) where nothing may be replaced
 * object stores   one put: an object is there when its stream is closed (seen from the capability
 *                 to abort a stream, as of s3a); a conditional one where nothing may be replaced
 *                 and the store has that (s3a since Hadoop 3.4.2), else after a look
 * HDFS and others written beside, then FileContext's rename, which replaces in one moment
 * </pre>
 *
 * <p>On a file system that has none of these (no {@code AbstractFileSystem}, no abort, and a rename
 * that refuses to replace), the old file is deleted just before: only there a kill between the two
 * leaves none.
 */
public final class AtomicFile {

  /** Hadoop's name for "only if nothing is there when the stream is closed"; since 3.4.2. */
  private static final String CONDITIONALLY = "fs.option.create.conditional.overwrite";

  private AtomicFile() {}

  /** What a file is to hold. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it; does not close the stream. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** Writes a file that is in memory, as {@link #write}. */
  public static void put(FileSystem files, Path target, byte[] content, IfExists ifExists)
      throws IOException {
    write(files, target, out -> out.write(content), ifExists);
  }

  /**
   * Writes a file. Where writing the content fails, what was there before stays.
   *
   * @param ifExists whether it may replace one that is there
   * @throws FileAlreadyExistsException when it may not and there is one; of writers that come at
   *     the same moment only one wins, as far as the file system has a way to say so
   */
  public static void write(FileSystem files, Path target, Content content, IfExists ifExists)
      throws IOException {
    try {
      if (files instanceof ChecksumFileSystem checked) {
        FileSystem raw = checked.getRawFileSystem();
        putBeside(raw, target, content, ifExists, checked.getChecksumFile(target));
      } else if (files.hasPathCapability(target, CommonPathCapabilities.ABORTABLE_STREAM)) {
        putDirectly(files, target, content, ifExists);
      } else {
        putBeside(files, target, content, ifExists, null);
      }
    } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
      throw exists(target, e);
    } catch (FSError e) {
      // What Hadoop makes of a local disk's errors, a full disk among them.
      throw new IOException(e.getCause() == null ? e.getMessage() : e.getCause().getMessage(), e);
    }
  }

  private static FileAlreadyExistsException exists(Path target, Exception cause) {
    FileAlreadyExistsException exists =
        new FileAlreadyExistsException(target + " exists: it was written meanwhile");
    exists.initCause(cause);
    return exists;
  }

  private static void putDirectly(FileSystem files, Path target, Content content, IfExists ifExists)
      throws IOException {
    boolean conditional =
        ifExists == IfExists.REFUSE && files.hasPathCapability(target, CONDITIONALLY);
    FSDataOutputStreamBuilder<?, ?> create =
        files.createFile(target).overwrite(ifExists == IfExists.REPLACE).recursive();
    FSDataOutputStream out =
        conditional ? create.must(CONDITIONALLY, true).build() : create.build();
    try {
      content.writeTo(out);
    } catch (IOException | RuntimeException e) {
      out.abort();
      throw e;
    }
    try {
      out.close();
    } catch (IOException e) {
      // The store says in words of its own that the condition did not hold.
      if (conditional && files.exists(target)) {
        throw exists(target, e);
      }
      throw e;
    }
  }

  private static void putBeside(
      FileSystem files, Path target, Content content, IfExists ifExists, Path checksum)
      throws IOException {
    String name = Owner.current().name("_" + target.getName() + "." + UUID.randomUUID());
    Path beside = new Path(target.getParent(), name);
    try {
      try (FSDataOutputStream out = files.create(beside, false)) {
        content.writeTo(out);
        // Else a power cut may leave the name and not the content.
        if (out.hasCapability(StreamCapabilities.HSYNC)) {
          out.hsync();
        }
      }
      if (checksum != null && ifExists == IfExists.REPLACE) {
        files.delete(checksum, false);
      }
      if (files instanceof RawLocalFileSystem local) {
        moveLocally(local, beside, target, ifExists);
        syncFolder(local, target.getParent());
      } else {
        move(files, beside, target, ifExists);
      }
    } finally {
      files.delete(beside, false);
    }
  }

  /**
   * Has the names of a folder's files on the disk, where it is a local one; elsewhere they are
   * there with the files.
   */
  public static void syncFolder(FileSystem files, Path folder) throws IOException {
    FileSystem raw =
        files instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : files;
    if (raw instanceof RawLocalFileSystem local) {
      try (FileChannel opened = FileChannel.open(local.pathToFile(folder).toPath())) {
        opened.force(true);
      } catch (AccessDeniedException e) {
        // Windows opens no folders.
      }
    }
  }

  private static void moveLocally(RawLocalFileSystem files, Path from, Path to, IfExists ifExists)
      throws IOException {
    if (ifExists == IfExists.REFUSE) {
      try {
        Files.createLink(files.pathToFile(to).toPath(), files.pathToFile(from).toPath());
        return;
      } catch (FileAlreadyExistsException e) {
        throw exists(to, e);
      } catch (IOException | UnsupportedOperationException e) {
        // No hard links here.
        refuseExisting(files, to);
      }
    }
    renamed(files.rename(from, to), from, to);
  }

  private static void move(FileSystem files, Path from, Path to, IfExists ifExists)
      throws IOException {
    try {
      FileContext.getFileContext(files.getUri(), files.getConf())
          .rename(from, to, ifExists == IfExists.REPLACE ? Rename.OVERWRITE : Rename.NONE);
    } catch (UnsupportedFileSystemException e) {
      if (ifExists == IfExists.REFUSE) {
        refuseExisting(files, to);
      }
      if (!files.rename(from, to)) {
        files.delete(to, false);
        renamed(files.rename(from, to), from, to);
      }
    }
  }

  private static void refuseExisting(FileSystem files, Path target) throws IOException {
    if (files.exists(target)) {
      throw exists(target, null);
    }
  }

  private static void renamed(boolean done, Path from, Path to) throws IOException {
    if (!done) {
      throw new IOException("cannot rename %s to %s".formatted(from, to));
    }
  }
}
