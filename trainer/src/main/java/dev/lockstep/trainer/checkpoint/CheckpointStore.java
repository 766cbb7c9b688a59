package dev.lockstep.trainer.checkpoint;

import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.WholeFile;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * The checkpoints of one run, below one folder of any Hadoop file system:
 *
 * <pre>
 * checkpoints/attempt-00003.json                               one launch of the run has begun
 * checkpoints/step-000000001200/shard-00000.attempt-3
 *                               replica-00000.attempt-3        where virtual workers keep state
 *                               manifest.json                  written last, at once
 * checkpoints/damaged-step-000000000900/…                      set aside, never deleted
 * </pre>
 *
 * <p>Shards are written by executors, the rest by the driver, the manifest once it knows of all
 * shards. Stateless and thread-safe; methods block on the file system.
 */
public final class CheckpointStore {

  private static final String MANIFEST = "manifest.json";
  private static final String STEP = "step-";
  private static final String DAMAGED = "damaged-";
  private static final Pattern CLAIM = Pattern.compile("attempt-([0-9]{5,9})\\.json");
  private static final Pattern STEP_FOLDER = Pattern.compile(STEP + "([0-9]{12,18})");
  private static final int MOST_LOST_RACES = 100;

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

  // ---- attempts -------------------------------------------------------------------------------

  /**
   * Takes the next attempt number for a launch of the run: from now on no earlier attempt commits.
   *
   * @throws IOException if the folder belongs to another run, or cannot be written
   */
  public AttemptClaim claim(String run, Determinants determinants, Instant at) throws IOException {
    FileSystem files = files();
    files.mkdirs(folder);
    for (int race = 0; race < MOST_LOST_RACES; race++) {
      Optional<AttemptClaim> newest = newestClaim();
      if (newest.isPresent() && !newest.get().run().equals(run)) {
        throw anotherRun(newest.get().run(), run);
      }
      int next = claimed(list(folder)).stream().mapToInt(n -> n).max().orElse(0) + 1;
      AttemptClaim claim = new AttemptClaim(run, next, at, determinants);
      try {
        WholeFile.put(files, claimFile(next), SealedJson.write(claim), IfExists.REFUSE);
        return claim;
      } catch (FileAlreadyExistsException e) {
        // Another driver was faster: the next number.
      }
    }
    throw new IOException(
        "no attempt number to be had in "
            + folder
            + ": "
            + MOST_LOST_RACES
            + " times another driver was faster: stop the others");
  }

  /** The claim of the highest number that can be read. */
  public Optional<AttemptClaim> newestClaim() throws IOException {
    List<Integer> numbers = claimed(list(folder));
    for (int i = numbers.size() - 1; i >= 0; i--) {
      Path file = claimFile(numbers.get(i));
      try {
        return Optional.of(
            SealedJson.read(
                bytes(file), file.toString(), "the claim of an attempt", 1, AttemptClaim.class));
      } catch (DamagedFileException | FileNotFoundException e) {
        // The number is taken all the same.
      }
    }
    return Optional.empty();
  }

  private static List<Integer> claimed(List<FileStatus> content) {
    List<Integer> numbers = new ArrayList<>();
    for (FileStatus status : content) {
      Matcher name = CLAIM.matcher(status.getPath().getName());
      if (name.matches()) {
        numbers.add(Integer.parseInt(name.group(1)));
      }
    }
    Collections.sort(numbers);
    return numbers;
  }

  private Path claimFile(int attempt) {
    return new Path(folder, String.format(Locale.ROOT, "attempt-%05d.json", attempt));
  }

  private void requireNoLaterAttempt(CheckpointManifest manifest) throws IOException {
    Optional<AttemptClaim> newest = newestClaim();
    if (newest.isPresent() && newest.get().attempt() > manifest.attempt()) {
      throw new FencedException(manifest.step(), manifest.attempt(), newest.get());
    }
  }

  private IOException anotherRun(String there, String here) {
    return new IOException(
        "%s holds checkpoints of run %s, not of run %s: name another folder with --out"
            .formatted(folder, there, here));
  }

  // ---- writing --------------------------------------------------------------------------------

  /**
   * Writes one shard; called by the executor that owns it.
   *
   * @param server number of the parameter shard
   * @throws IOException if it cannot be written; names step, file and cause
   */
  public CheckpointManifest.ShardEntry writeShard(ShardFile shard, int server, int attempt)
      throws IOException {
    // The server's number, because servers without a chunk share an empty range.
    String name = String.format(Locale.ROOT, "shard-%05d.attempt-%d", server, attempt);
    ShardFile.Written written = write(shard.step(), name, shard::write);
    return new CheckpointManifest.ShardEntry(
        name, shard.begin(), shard.end(), written.bytes(), written.crc32c());
  }

  /**
   * Writes what a virtual worker keeps; called by the executor that plays it.
   *
   * @throws IOException if it cannot be written; names step, file and cause
   */
  public CheckpointManifest.ReplicaEntry writeReplica(ReplicaFile replica, int attempt)
      throws IOException {
    String name =
        String.format(Locale.ROOT, "replica-%05d.attempt-%d", replica.virtualWorker(), attempt);
    ShardFile.Written written = write(replica.step(), name, replica::write);
    return new CheckpointManifest.ReplicaEntry(
        name, replica.virtualWorker(), written.bytes(), written.crc32c());
  }

  private interface Content {
    ShardFile.Written writeTo(OutputStream out) throws IOException;
  }

  private ShardFile.Written write(long step, String name, Content content) throws IOException {
    Path path = new Path(folderOf(step), name);
    try {
      FileSystem files = files();
      files.mkdirs(path.getParent());
      try (FSDataOutputStream out = files.create(path, true)) {
        ShardFile.Written written = content.writeTo(out);
        if (out.hasCapability(StreamCapabilities.HSYNC)) {
          out.hsync();
        }
        return written;
      }
    } catch (IOException e) {
      throw notWritten(step, path, e);
    }
  }

  private IOException notWritten(long step, Path path, IOException cause) {
    return new IOException(
        "checkpoint of step %d: cannot write %s: %s; %s"
            .formatted(step, path, cause.getMessage(), untouched()),
        cause);
  }

  private String untouched() {
    try {
      List<CheckpointManifest> complete = complete();
      return complete.isEmpty()
          ? "there is no earlier one"
          : "the checkpoint of step " + complete.get(complete.size() - 1).step() + " is untouched";
    } catch (IOException e) {
      return "earlier ones are untouched";
    }
  }

  // ---- committing -----------------------------------------------------------------------------

  /**
   * Makes a checkpoint complete; called by the driver. Where the step has a complete checkpoint of
   * the same run already, that one stays, and the files named here go.
   *
   * @throws FencedException if a later attempt has begun
   * @throws IOException if a file that the manifest names is not there as it was written, or the
   *     manifest cannot be written
   */
  public void commit(CheckpointManifest manifest) throws IOException {
    requireNoLaterAttempt(manifest);
    Path path = manifestFile(manifest.step());
    try {
      WholeFile.put(files(), path, SealedJson.write(manifest), IfExists.REPLACE);
    } catch (IOException e) {
      throw notWritten(manifest.step(), path, e);
    }
    requireNoLaterAttempt(manifest);
  }

  // ---- reading --------------------------------------------------------------------------------

  /** The manifests that can be read, in order of their steps. */
  public List<CheckpointManifest> complete() throws IOException {
    List<CheckpointManifest> manifests = new ArrayList<>();
    for (long step : steps(list(folder))) {
      try {
        manifests.add(manifest(step));
      } catch (FileNotFoundException | DamagedFileException e) {
        // Not complete.
      }
    }
    return manifests;
  }

  /**
   * The newest checkpoint that is complete and undamaged: every byte of every file was checked. One
   * that is damaged is set aside, and the one before it taken.
   *
   * @param warnings told of what was set aside, one line each
   * @throws IOException if the folder, or a file in it, cannot be read for another reason than
   *     damage
   */
  public Optional<Snapshot> newest(Consumer<String> warnings) throws IOException {
    List<Long> steps = steps(list(folder));
    for (int i = steps.size() - 1; i >= 0; i--) {
      long step = steps.get(i);
      try {
        CheckpointManifest manifest = manifest(step);
        Snapshot snapshot = read(manifest);
        for (CheckpointManifest.ReplicaEntry replica : manifest.replicas()) {
          checkReplica(step, replica);
        }
        return Optional.of(snapshot);
      } catch (DamagedFileException e) {
        Path aside = setAside(step);
        warnings.accept(
            "checkpoint of step %d is damaged and was set aside as %s: %s"
                .formatted(step, aside, e.getMessage()));
      } catch (FileNotFoundException e) {
        // Without a manifest: never completed.
      }
    }
    return Optional.empty();
  }

  private Path setAside(long step) throws IOException {
    Path from = folderOf(step);
    FileSystem files = files();
    Path to = new Path(folder, DAMAGED + from.getName());
    for (int i = 2; files.exists(to); i++) {
      to = new Path(folder, DAMAGED + from.getName() + "-" + i);
    }
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename " + from + ", which is damaged, to " + to);
    }
    return to;
  }

  /** Reads a complete checkpoint into whole vectors and checks every byte of them. */
  public Snapshot read(long step) throws IOException {
    try {
      return read(manifest(step));
    } catch (FileNotFoundException e) {
      throw new IOException("no complete checkpoint of step " + step + " in " + folder, e);
    }
  }

  private Snapshot read(CheckpointManifest manifest) throws IOException {
    float[] theta = new float[manifest.parameters()];
    float[][] state = null;
    for (CheckpointManifest.ShardEntry entry : manifest.shards()) {
      Path file = new Path(folderOf(manifest.step()), entry.file());
      try (InputStream in = open(file)) {
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

  /** Reads what a virtual worker kept, and checks every byte of it. */
  public ReplicaFile readReplica(long step, CheckpointManifest.ReplicaEntry entry)
      throws IOException {
    Path file = new Path(folderOf(step), entry.file());
    try (InputStream in = open(file)) {
      ReplicaFile replica =
          ReplicaFile.read(
              in, file.toString(), new ShardFile.Written(entry.bytes(), entry.crc32c()));
      if (replica.virtualWorker() != entry.virtualWorker() || replica.step() != step) {
        throw new DamagedFileException(
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

  private void checkReplica(long step, CheckpointManifest.ReplicaEntry entry) throws IOException {
    Path file = new Path(folderOf(step), entry.file());
    CRC32C crc = new CRC32C();
    long length = 0;
    try (InputStream in = open(file)) {
      byte[] buffer = new byte[1 << 18];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
        length += n;
      }
    }
    if (length != entry.bytes() || crc.getValue() != entry.crc32c()) {
      throw new DamagedFileException(
          String.format(
              Locale.ROOT,
              "%s: %d bytes of CRC32C=%08x != %d bytes of %08x of the manifest: the file is damaged",
              file,
              length,
              crc.getValue(),
              entry.bytes(),
              entry.crc32c()));
    }
  }

  /** Opens a file that a manifest names. */
  private InputStream open(Path file) throws IOException {
    try {
      return new BufferedInputStream(files().open(file), 1 << 18);
    } catch (FileNotFoundException e) {
      throw new DamagedFileException(file + " is missing, which the manifest names", e);
    }
  }

  private CheckpointManifest manifest(long step) throws IOException {
    Path file = manifestFile(step);
    return SealedJson.read(
        bytes(file),
        file.toString(),
        "the manifest of a checkpoint",
        CheckpointManifest.FORMAT_VERSION,
        CheckpointManifest.class);
  }

  private byte[] bytes(Path file) throws IOException {
    try (InputStream in = files().open(file)) {
      return in.readAllBytes();
    }
  }

  // ---- keeping --------------------------------------------------------------------------------

  /**
   * Deletes what is not to be kept, oldest first; called by the driver after a commit. Nothing of
   * the newest complete step or of later ones is touched.
   */
  public void retain(Retention retention) throws IOException {
    List<CheckpointManifest> complete = complete();
    if (complete.isEmpty()) {
      return;
    }
    Set<Long> kept = new HashSet<>();
    int from = Math.max(0, complete.size() - retention.last());
    complete.subList(from, complete.size()).forEach(each -> kept.add(each.step()));
    retention.best(complete).ifPresent(best -> kept.add(best.step()));
    long newest = complete.get(complete.size() - 1).step();
    for (long step : steps(list(folder))) {
      if (step < newest && !kept.contains(step)) {
        delete(step);
      }
    }
  }

  /**
   * Deletes the checkpoints of later steps, newest first; called by the driver, in an attempt that
   * goes back to a step to take the steps after it in another way.
   */
  public void deleteAfter(long step) throws IOException {
    List<Long> steps = steps(list(folder));
    for (int i = steps.size() - 1; i >= 0 && steps.get(i) > step; i--) {
      delete(steps.get(i));
    }
  }

  /** The manifest first: what is left of a folder is no checkpoint. */
  private void delete(long step) throws IOException {
    files().delete(manifestFile(step), false);
    files().delete(folderOf(step), true);
  }

  // ---- names ----------------------------------------------------------------------------------

  private static List<Long> steps(List<FileStatus> content) {
    List<Long> steps = new ArrayList<>();
    for (FileStatus status : content) {
      Matcher name = STEP_FOLDER.matcher(status.getPath().getName());
      if (name.matches()) {
        steps.add(Long.parseLong(name.group(1)));
      }
    }
    Collections.sort(steps);
    return steps;
  }

  private List<FileStatus> list(Path path) throws IOException {
    try {
      return List.of(files().listStatus(path));
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  private Path manifestFile(long step) {
    return new Path(folderOf(step), MANIFEST);
  }

  private Path folderOf(long step) {
    return new Path(folder, String.format(Locale.ROOT, STEP + "%012d", step));
  }

  /** Hadoop's checksums of local files are one more file to lose; every file here has its own. */
  private FileSystem files() throws IOException {
    FileSystem files = folder.getFileSystem(hadoop);
    return files instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : files;
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
