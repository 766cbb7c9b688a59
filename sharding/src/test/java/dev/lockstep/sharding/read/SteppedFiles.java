package dev.lockstep.sharding.read;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Local files on which every operation is made of steps, before each of which a test may stop or
 * end the job. For one thread.
 */
public final class SteppedFiles extends RawLocalFileSystem {

  /** What kind of storage it behaves like. */
  public enum Kind {
    /** As local files: a rename is one step, also of a folder. */
    LOCAL,
    /**
     * As an object store: a file is there, whole, when its stream is closed, and not before; a
     * rename copies and deletes file by file.
     */
    OBJECTS
  }

  private final Kind kind;
  private final Runnable step;
  private Existing existing = Existing.REPLACE;

  private enum Existing {
    KEEP,
    REPLACE
  }

  public SteppedFiles(Kind kind, Runnable step) throws IOException {
    this.kind = kind;
    this.step = step;
    initialize(URI.create("file:///"), new Configuration());
  }

  @Override
  public boolean hasPathCapability(Path path, String capability) throws IOException {
    return capability.equals(CommonPathCapabilities.ABORTABLE_STREAM)
        ? kind == Kind.OBJECTS
        : super.hasPathCapability(path, capability);
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    existing = overwrite ? Existing.REPLACE : Existing.KEEP;
    return super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
  }

  @Override
  protected OutputStream createOutputStreamWithMode(
      Path file, boolean append, FsPermission permission) throws IOException {
    step.run();
    return kind == Kind.OBJECTS
        ? new Put(pathToFile(file).toPath(), existing)
        : new Written(super.createOutputStreamWithMode(file, append, permission));
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    step.run();
    return super.open(file, bufferSize);
  }

  @Override
  public FileStatus[] listStatus(Path folder) throws IOException {
    step.run();
    return super.listStatus(folder);
  }

  /** Hadoop starts a process for it. */
  @Override
  public void setPermission(Path file, FsPermission permission) {}

  @Override
  public boolean mkdirs(Path folder) throws IOException {
    step.run();
    return super.mkdirs(folder);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (kind == Kind.LOCAL) {
      step.run();
      return super.rename(from, to);
    }
    java.nio.file.Path source = pathToFile(from).toPath();
    java.nio.file.Path target = pathToFile(to).toPath();
    for (java.nio.file.Path file : filesBelow(source)) {
      step.run();
      java.nio.file.Path copy = target.resolve(source.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      whole(copy, Files.readAllBytes(file));
    }
    delete(from, true);
    return true;
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    java.nio.file.Path root = pathToFile(path).toPath();
    if (recursive) {
      for (java.nio.file.Path file : filesBelow(root)) {
        step.run();
        Files.deleteIfExists(file);
      }
    }
    step.run();
    return super.delete(path, recursive);
  }

  private static List<java.nio.file.Path> filesBelow(java.nio.file.Path root) throws IOException {
    if (!Files.exists(root)) {
      return List.of();
    }
    try (Stream<java.nio.file.Path> all = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
      return all.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
    }
  }

  private static void whole(java.nio.file.Path target, byte[] content) throws IOException {
    java.nio.file.Path hidden =
        Files.write(
            Files.createTempDirectory("put").resolve(UUID.randomUUID().toString()), content);
    Files.move(hidden, target, StandardCopyOption.REPLACE_EXISTING);
    Files.delete(hidden.getParent());
  }

  /** An object, there when the stream is closed. */
  private final class Put extends ByteArrayOutputStream {
    private final java.nio.file.Path target;
    private final Existing ifExists;
    private boolean open = true;

    Put(java.nio.file.Path target, Existing ifExists) {
      this.target = target;
      this.ifExists = ifExists;
    }

    @Override
    public void close() throws IOException {
      if (open) {
        open = false;
        step.run();
        if (ifExists == Existing.KEEP && Files.exists(target)) {
          throw new FileAlreadyExistsException(target.toString());
        }
        Files.createDirectories(target.getParent());
        whole(target, toByteArray());
      }
    }
  }

  /** A file, there from its creation on and growing. */
  private final class Written extends OutputStream {
    private final OutputStream out;

    Written(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int one) throws IOException {
      out.write(one);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      step.run();
      out.write(bytes, from, length);
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
