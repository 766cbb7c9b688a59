package dev.lockstep.trainer.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The checkpoints of one run, below one folder of any Hadoop file system:
 *
 * <pre>
 * checkpoints/step-000000001200/shard-00000.attempt-1
 *                               replica-00000.attempt-1          where virtual workers keep state
 *                               manifest.json                    written last, renamed into place
 * </pre>
 *
 * <p>Shards are written by executors, the manifest by the driver once it knows of all shards.
 * Stateless and thread-safe; methods block on the file system.
 */
public final class CheckpointStore {

  private static final String MANIFEST = "manifest.json";
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final Path folder;
  private final Configuration hadoop;

  /**
   * Nothing is created yet.
   *
   * @param folder of all checkpoints of the run
   */
  public CheckpointStore(Path folder, Configuration hadoop) {
    this.folder = folder;
    this.hadoop = hadoop;
  }

  /**
   * Writes one shard; called by the executor that owns it.
   *
   * @param server number of the parameter shard
   */
  public CheckpointManifest.ShardEntry writeShard(ShardFile shard, int server, int attempt)
      throws IOException {
    // The server's number, because servers without a chunk share an empty range.
    String name = String.format(Locale.ROOT, "shard-%05d.attempt-%d", server, attempt);
    Path path = new Path(folderOf(shard.step()), name);
    FileSystem fs = path.getFileSystem(hadoop);
    fs.mkdirs(path.getParent());
    ShardFile.Written written;
    try (OutputStream out = fs.create(path, true)) {
      written = shard.write(out);
    }
    return new CheckpointManifest.ShardEntry(
        name, shard.begin(), shard.end(), written.bytes(), written.crc32c());
  }

  /** Writes what a virtual worker keeps; called by the executor that plays it. */
  public CheckpointManifest.ReplicaEntry writeReplica(ReplicaFile replica, int attempt)
      throws IOException {
    String name =
        String.format(Locale.ROOT, "replica-%05d.attempt-%d", replica.virtualWorker(), attempt);
    Path path = new Path(folderOf(replica.step()), name);
    FileSystem fs = path.getFileSystem(hadoop);
    fs.mkdirs(path.getParent());
    ShardFile.Written written;
    try (OutputStream out = fs.create(path, true)) {
      written = replica.write(out);
    }
    return new CheckpointManifest.ReplicaEntry(
        name, replica.virtualWorker(), written.bytes(), written.crc32c());
  }

  /** Reads what a virtual worker kept, and checks every byte of it. */
  public ReplicaFile readReplica(long step, CheckpointManifest.ReplicaEntry entry)
      throws IOException {
    Path file = new Path(folderOf(step), entry.file());
    try (InputStream in = new BufferedInputStream(file.getFileSystem(hadoop).open(file), 1 << 18)) {
      ReplicaFile replica =
          ReplicaFile.read(
              in, file.toString(), new ShardFile.Written(entry.bytes(), entry.crc32c()));
      if (replica.virtualWorker() != entry.virtualWorker() || replica.step() != step) {
        throw new IOException(
            file
                + " is of virtual worker "
                + replica.virtualWorker()
                + " at step "
                + replica.step()
                + ": files of this checkpoint were exchanged");
      }
      return replica;
    }
  }

  /** Makes a checkpoint complete; called by the driver. */
  public void commit(CheckpointManifest manifest) throws IOException {
    Path path = new Path(folderOf(manifest.step()), MANIFEST);
    Path unfinished = path.suffix(".attempt-" + manifest.attempt());
    FileSystem fs = path.getFileSystem(hadoop);
    try (OutputStream out = fs.create(unfinished, true)) {
      out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest));
    }
    if (!fs.rename(unfinished, path)) {
      throw new IOException("cannot rename " + unfinished + " to " + path);
    }
  }

  /** Reads a complete checkpoint into whole vectors and checks every byte of it. */
  public Snapshot read(long step) throws IOException {
    Path path = new Path(folderOf(step), MANIFEST);
    FileSystem fs = path.getFileSystem(hadoop);
    CheckpointManifest manifest;
    try (InputStream in = fs.open(path)) {
      manifest = JSON.readValue(in, CheckpointManifest.class);
    } catch (FileNotFoundException e) {
      throw new IOException("no complete checkpoint of step " + step + " in " + folder, e);
    }
    float[] theta = new float[manifest.parameters()];
    float[][] state = null;
    for (CheckpointManifest.ShardEntry entry : manifest.shards()) {
      Path file = new Path(folderOf(step), entry.file());
      try (InputStream in = new BufferedInputStream(fs.open(file), 1 << 18)) {
        ShardFile shard =
            ShardFile.read(
                in, file.toString(), new ShardFile.Written(entry.bytes(), entry.crc32c()));
        if (state == null) {
          state = new float[shard.state().length][manifest.parameters()];
        }
        System.arraycopy(shard.theta(), 0, theta, shard.begin(), shard.theta().length);
        for (int i = 0; i < state.length; i++) {
          System.arraycopy(shard.state()[i], 0, state[i], shard.begin(), shard.theta().length);
        }
      }
    }
    return new Snapshot(manifest, theta, state == null ? new float[0][] : state);
  }

  /** Deletes the checkpoints of earlier steps; later ones may be in the making. */
  public void deleteBefore(long step) throws IOException {
    FileSystem fs = folder.getFileSystem(hadoop);
    for (var status : fs.listStatus(folder)) {
      if (status.getPath().getName().compareTo(folderOf(step).getName()) < 0) {
        fs.delete(status.getPath(), true);
      }
    }
  }

  private Path folderOf(long step) {
    return new Path(folder, String.format(Locale.ROOT, "step-%012d", step));
  }

  /**
   * A whole checkpoint in memory.
   *
   * @param manifest its manifest
   * @param theta all P parameters
   * @param state the optimizer's state vectors, each of length P
   */
  public record Snapshot(CheckpointManifest manifest, float[] theta, float[][] state) {}
}
