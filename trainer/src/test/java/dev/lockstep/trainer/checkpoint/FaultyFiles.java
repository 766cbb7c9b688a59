package dev.lockstep.trainer.checkpoint;

import dev.lockstep.trainer.checkpoint.Faults.Fault;
import dev.lockstep.trainer.checkpoint.Faults.Operation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Abortable;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.PathIOException;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.Syncable;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Local files under {@code faulty://NAME/path}, on which every operation asks the {@link Faults} of
 * that name whether it is to go wrong, and how. For tests in one JVM; thread-safe as far as the
 * faults are.
 */
public final class FaultyFiles extends RawLocalFileSystem {

  private static final String CONDITIONAL = "fs.option.create.conditional.overwrite";
  private static final Set<String> OF_OBJECTS =
      Set.of(CommonPathCapabilities.ABORTABLE_STREAM, CONDITIONAL);
  private static final Configuration LOADED = new Configuration();
  private static final Map<String, Mount> MOUNTS = new ConcurrentHashMap<>();

  /** What kind of storage it behaves like. */
  public enum Kind {
    /** As local files: a rename is one step, also of a folder; a file grows while it is written. */
    LOCAL,
    /**
     * As an object store: a file is there, whole, when its stream is closed, and not before, and
     * can be put on condition that there is none; a rename copies and deletes file by file.
     */
    OBJECTS
  }

  private record Mount(Kind kind, Faults faults, Set<Path> unsynced) {}

  private URI uri;
  private Mount mount;

  /** Mounts local files under a name, of which a configuration then knows. */
  public static Configuration mount(String name, Kind kind, Faults faults) {
    MOUNTS.put(name, new Mount(kind, faults, ConcurrentHashMap.newKeySet()));
    // Loading one anew parses files.
    Configuration hadoop = new Configuration(LOADED);
    hadoop.set("fs.faulty.impl", FaultyFiles.class.getName());
    hadoop.set("fs.faulty.impl.disable.cache", "true");
    return hadoop;
  }

  /** A local folder as seen through a mount. */
  public static org.apache.hadoop.fs.Path path(String name, Path folder) {
    return new org.apache.hadoop.fs.Path(URI.create("faulty://" + name + folder));
  }

  /** The power goes: of files that were not synced to the disk, the names are left. */
  static void cutPower(String name) throws IOException {
    Set<Path> unsynced = MOUNTS.get(name).unsynced();
    for (Path file : unsynced) {
      if (Files.exists(file)) {
        Files.write(file, new byte[0]);
      }
    }
    unsynced.clear();
  }

  @Override
  public void initialize(URI name, Configuration conf) throws IOException {
    uri = URI.create(name.getScheme() + "://" + name.getAuthority());
    mount = MOUNTS.get(name.getAuthority());
    super.initialize(name, conf);
  }

  @Override
  public URI getUri() {
    // Also asked before there is an object.
    return uri == null ? super.getUri() : uri;
  }

  @Override
  public String getScheme() {
    return "faulty";
  }

  /** Hadoop would start a process for each. */
  @Override
  public void setPermission(org.apache.hadoop.fs.Path path, FsPermission permission) {}

  @Override
  public boolean hasPathCapability(org.apache.hadoop.fs.Path path, String capability)
      throws IOException {
    return OF_OBJECTS.contains(capability)
        ? mount.kind() == Kind.OBJECTS
        : super.hasPathCapability(path, capability);
  }

  private Path local(org.apache.hadoop.fs.Path path) {
    return pathToFile(path).toPath();
  }

  private Fault ask(Operation operation, Path path) throws IOException {
    Fault fault = mount.faults().before(operation, path);
    if (fault == Fault.DENIED) {
      // As Java's streams of local files say it.
      throw new FileNotFoundException(path + " (Permission denied)");
    }
    if (fault == Fault.FAILED) {
      throw new IOException(path + ": Input/output error");
    }
    return fault;
  }

  // ---- writing --------------------------------------------------------------------------------

  @Override
  protected OutputStream createOutputStreamWithMode(
      org.apache.hadoop.fs.Path file, boolean append, FsPermission permission) throws IOException {
    return stream(local(file), true);
  }

  private OutputStream stream(Path file, boolean overwrite) throws IOException {
    Fault fault = ask(Operation.CREATE, file);
    return mount.kind() == Kind.OBJECTS
        ? new Put(file, overwrite, fault)
        : new Growing(file, fault);
  }

  /** Hadoop's own checks that nothing is there before, and not when the stream is closed. */
  @Override
  public FSDataOutputStream create(
      org.apache.hadoop.fs.Path file,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    if (mount.kind() == Kind.OBJECTS) {
      mkdirs(file.getParent());
      return new FSDataOutputStream(stream(local(file), overwrite), null);
    }
    return super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
  }

  /** Hadoop's own puts a buffer before the stream, which then cannot be aborted. */
  @Override
  public FSDataOutputStream create(
      org.apache.hadoop.fs.Path file,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    return mount.kind() == Kind.OBJECTS
        ? create(file, null, overwrite, bufferSize, replication, blockSize, progress)
        : super.create(file, overwrite, bufferSize, replication, blockSize, progress);
  }

  @Override
  @SuppressWarnings("rawtypes")
  public FSDataOutputStreamBuilder createFile(org.apache.hadoop.fs.Path file) {
    return mount.kind() == Kind.OBJECTS ? new PutBuilder(this, file) : super.createFile(file);
  }

  private static final class PutBuilder
      extends FSDataOutputStreamBuilder<FSDataOutputStream, PutBuilder> {

    PutBuilder(FileSystem files, org.apache.hadoop.fs.Path file) {
      super(files, file);
    }

    @Override
    public PutBuilder getThisBuilder() {
      return this;
    }

    @Override
    public FSDataOutputStream build() throws IOException {
      rejectUnknownMandatoryKeys(Set.of(CONDITIONAL), " of " + getPath());
      return getFS().create(getPath(), !getOptions().getBoolean(CONDITIONAL, false));
    }
  }

  /** Does to the bytes of a file what the fault says. */
  private abstract class Spoiled extends OutputStream implements Syncable, StreamCapabilities {

    final Path file;
    private final Fault fault;
    private final int place;
    private long written;

    Spoiled(Path file, Fault fault) {
      this.file = file;
      this.fault = fault;
      place = fault == Fault.NONE ? 0 : mount.faults().pick(200);
    }

    abstract void store(byte[] bytes, int length) throws IOException;

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      ask(Operation.WRITE, file);
      byte[] copy = java.util.Arrays.copyOfRange(bytes, from, from + length);
      int at = (int) Math.max(0, Math.min(length, place - written));
      written += length;
      switch (fault) {
        case FULL -> {
          store(copy, at);
          if (at < length) {
            throw full();
          }
        }
        case CUT -> store(copy, at);
        case FLIPPED -> {
          if (at < length && written - length + at == place) {
            copy[at] ^= (byte) (1 << mount.faults().pick(8));
          }
          store(copy, length);
        }
        default -> store(copy, length);
      }
    }

    /** What Hadoop throws for local files; its constructor is not for everyone. */
    private Error full() {
      try {
        var constructor =
            org.apache.hadoop.fs.FSError.class.getDeclaredConstructor(Throwable.class);
        constructor.setAccessible(true);
        return constructor.newInstance(new IOException("No space left on device"));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
  }

  /** A file, there from its creation on and growing. */
  private final class Growing extends Spoiled {

    private final OutputStream out;

    Growing(Path file, Fault fault) throws IOException {
      super(file, fault);
      out = Files.newOutputStream(file);
      mount.unsynced().add(file);
    }

    @Override
    void store(byte[] bytes, int length) throws IOException {
      out.write(bytes, 0, length);
    }

    @Override
    public boolean hasCapability(String capability) {
      return capability.equals(HSYNC);
    }

    @Override
    public void hflush() {}

    @Override
    public void hsync() throws IOException {
      ask(Operation.SYNC, file);
      mount.unsynced().remove(file);
    }

    @Override
    public void close() throws IOException {
      out.close();
      ask(Operation.CLOSE, file);
    }
  }

  /** An object, there when the stream is closed. */
  private final class Put extends Spoiled implements Abortable {

    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private final boolean overwrite;
    private boolean open = true;

    Put(Path file, boolean overwrite, Fault fault) {
      super(file, fault);
      this.overwrite = overwrite;
    }

    @Override
    void store(byte[] bytes, int length) {
      content.write(bytes, 0, length);
    }

    @Override
    public boolean hasCapability(String capability) {
      return capability.equals(ABORTABLE_STREAM);
    }

    @Override
    public void hflush() {
      throw new UnsupportedOperationException("hflush");
    }

    @Override
    public void hsync() {
      throw new UnsupportedOperationException("hsync");
    }

    @Override
    public AbortableResult abort() {
      open = false;
      return null;
    }

    @Override
    public void close() throws IOException {
      if (!open) {
        return;
      }
      open = false;
      Fault fault = ask(Operation.CLOSE, file);
      Files.createDirectories(file.getParent());
      if (overwrite) {
        whole(file, content.toByteArray());
      } else {
        synchronized (MOUNTS) {
          if (Files.exists(file)) {
            throw new PathIOException(file.toString(), "412 Precondition Failed");
          }
          whole(file, content.toByteArray());
        }
      }
      if (fault == Fault.UNANSWERED) {
        throw new IOException(file + ": connection reset");
      }
    }
  }

  private static void whole(Path file, byte[] content) throws IOException {
    Path hidden = Files.write(Files.createTempFile(file.getParent(), ".", null), content);
    Files.move(hidden, file, StandardCopyOption.REPLACE_EXISTING);
  }

  // ---- reading --------------------------------------------------------------------------------

  @Override
  public FSDataInputStream open(org.apache.hadoop.fs.Path file, int bufferSize) throws IOException {
    Fault fault = ask(Operation.OPEN, local(file));
    if (fault != Fault.FLIPPED) {
      return super.open(file, bufferSize);
    }
    byte[] bytes = Files.readAllBytes(local(file));
    if (bytes.length > 0) {
      bytes[mount.faults().pick(bytes.length)] ^= (byte) (1 << mount.faults().pick(8));
    }
    return new FSDataInputStream(new Bytes(bytes));
  }

  private static final class Bytes extends FSInputStream {

    private final byte[] bytes;
    private ByteArrayInputStream in;

    Bytes(byte[] bytes) {
      this.bytes = bytes;
      in = new ByteArrayInputStream(bytes);
    }

    @Override
    public int read() {
      return in.read();
    }

    @Override
    public int read(byte[] into, int from, int length) {
      return in.read(into, from, length);
    }

    @Override
    public void seek(long to) {
      in = new ByteArrayInputStream(bytes, (int) to, bytes.length);
    }

    @Override
    public long getPos() {
      return (long) bytes.length - in.available();
    }

    @Override
    public boolean seekToNewSource(long target) {
      return false;
    }
  }

  @Override
  public FileStatus[] listStatus(org.apache.hadoop.fs.Path folder) throws IOException {
    if (ask(Operation.LIST, local(folder)) == Fault.UNANSWERED) {
      throw new IOException(folder + ": connection reset");
    }
    return super.listStatus(folder);
  }

  // ---- changing -------------------------------------------------------------------------------

  @Override
  public boolean mkdirs(org.apache.hadoop.fs.Path folder) throws IOException {
    Fault fault = ask(Operation.MKDIRS, local(folder));
    return fault != Fault.REFUSED && super.mkdirs(folder);
  }

  @Override
  public boolean rename(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
      throws IOException {
    Fault fault = ask(Operation.RENAME, local(from));
    if (fault == Fault.REFUSED) {
      return false;
    }
    if (mount.kind() == Kind.LOCAL) {
      Files.move(
          local(from),
          local(to),
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.ATOMIC_MOVE);
      if (mount.unsynced().remove(local(from))) {
        mount.unsynced().add(local(to));
      }
    } else {
      for (Path file : filesBelow(local(from))) {
        ask(Operation.WRITE, file);
        Path copy = local(to).resolve(local(from).relativize(file).toString());
        Files.createDirectories(copy.getParent());
        whole(copy, Files.readAllBytes(file));
      }
      deleteBelow(local(from));
      super.delete(from, true);
    }
    if (fault == Fault.UNANSWERED) {
      throw new IOException(from + ": connection reset");
    }
    return true;
  }

  @Override
  public boolean delete(org.apache.hadoop.fs.Path path, boolean recursive) throws IOException {
    Fault fault = ask(Operation.DELETE, local(path));
    if (fault == Fault.REFUSED) {
      return false;
    }
    if (recursive) {
      deleteBelow(local(path));
    }
    boolean done = super.delete(path, recursive);
    if (fault == Fault.UNANSWERED) {
      throw new IOException(path + ": connection reset");
    }
    return done;
  }

  private void deleteBelow(Path root) throws IOException {
    for (Path file : filesBelow(root)) {
      ask(Operation.DELETE, file);
      Files.deleteIfExists(file);
    }
  }

  private static List<Path> filesBelow(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return Files.exists(root) ? List.of(root) : List.of();
    }
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
    }
  }
}
