package dev.lockstep.deploy.faults;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local file system under a scheme of its own, which injects faults into the JVM that writes a
 * checkpoint. {@code spark.hadoop.fs.faulty.impl} names it.
 */
public final class FaultyFileSystem extends RawLocalFileSystem {

  /** As in {@code faulty:/tmp/run}. */
  public static final String SCHEME = "faulty";

  private static final URI ROOT = URI.create(SCHEME + ":///");
  private static final Pattern CHECKPOINT_FILE =
      Pattern.compile("/step-(\\d+)/[^/]*(shard|replica|manifest)[^/]*$");

  /** Begins the name under which a manifest is first written. */
  private static final String UNPLACED_MANIFEST = "_manifest.json.";

  /** In the middle of a manifest, and of the shard of a small model. */
  private static final int MIDDLE_OF_MANIFEST = 200;

  private static final int MIDDLE_OF_PART = 50_000;

  private FaultFolder faults;

  /**
   * A file of a checkpoint.
   *
   * @param step of the checkpoint
   * @param isManifest whether it is the manifest, or what becomes one
   */
  private record CheckpointFile(long step, boolean isManifest) {

    /** Null where the file is none. */
    static CheckpointFile of(Path path) {
      Matcher name = CHECKPOINT_FILE.matcher(path.toUri().getPath());
      return name.find()
          ? new CheckpointFile(Long.parseLong(name.group(1)), name.group(2).equals("manifest"))
          : null;
    }
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public URI getUri() {
    return ROOT;
  }

  @Override
  public void initialize(URI uri, Configuration conf) throws IOException {
    super.initialize(uri, conf);
    faults = new FaultFolder(java.nio.file.Path.of(conf.get(FaultFolder.KEY)));
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    CheckpointFile file = creating(path);
    return faulty(
        file, super.create(path, overwrite, bufferSize, replication, blockSize, progress));
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    CheckpointFile file = creating(path);
    return faulty(
        file,
        super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress));
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    CheckpointFile file = CheckpointFile.of(path);
    if (file != null && path.getName().startsWith(UNPLACED_MANIFEST)) {
      faults.reach(FaultPoint.MANIFEST_PLACED, file.step());
    }
    return super.delete(path, recursive);
  }

  private CheckpointFile creating(Path path) {
    CheckpointFile file = CheckpointFile.of(path);
    if (file != null && file.isManifest()) {
      faults.reach(FaultPoint.MANIFEST_CREATE, file.step());
    }
    return file;
  }

  private FSDataOutputStream faulty(CheckpointFile file, FSDataOutputStream out)
      throws IOException {
    return file == null ? out : new FSDataOutputStream(new Bytes(out, file), statistics);
  }

  /** Injects a fault in the middle of a file. */
  private final class Bytes extends FilterOutputStream {

    private final CheckpointFile file;
    private long written;

    Bytes(OutputStream out, CheckpointFile file) {
      super(out);
      this.file = file;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int middle = file.isManifest() ? MIDDLE_OF_MANIFEST : MIDDLE_OF_PART;
      int before = (int) Math.max(0, Math.min(length, middle - written));
      out.write(bytes, offset, before);
      if (written < middle && written + length >= middle) {
        out.flush();
        faults.reach(
            file.isManifest() ? FaultPoint.MANIFEST_BYTES : FaultPoint.SHARD_BYTES, file.step());
      }
      out.write(bytes, offset + before, length - before);
      written += length;
    }
  }
}
