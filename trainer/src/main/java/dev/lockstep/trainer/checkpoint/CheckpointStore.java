package dev.lockstep.trainer.checkpoint;

import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The checkpoints of one run, below one folder of any Hadoop file system:
 *
 * <pre>
 * checkpoints/attempt-00003.json                               one attempt of the run
 * checkpoints/step-000000001200/shard-00000.attempt-3
 *                               replica-00000.attempt-3        where virtual workers keep state
 *                               manifest.json                  written last, at once
 * checkpoints/damaged-step-000000000900/…                      set aside, never deleted
 * </pre>
 *
 * <p>Executors write shards and replicas; the driver does the rest, the manifest once it knows of
 * all files. What holds, whenever a process ends or a write fails, on local disks, HDFS and object
 * stores:
 *
 * <ul>
 *   <li>A checkpoint is complete when its manifest is there, which comes at once (see {@link
 *       dev.lockstep.sharding.store.AtomicFile}), after all files that it names are on the disk.
 *   <li>A complete checkpoint goes only after a newer one is complete.
 *   <li>Once an attempt has been claimed, no earlier one commits or deletes: a {@link #commit} that
 *       returned did so before the claim, and whoever claims sees it.
 * </ul>
 *
 * <p>Stateless and thread-safe; methods block on the file system.
 */
public final class CheckpointStore {

  private static final int MOST_LOST_RACES = 10;

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
   * Takes the next attempt number of the run: from now on no earlier attempt commits.
   *
   * @throws IOException if the folder belongs to another run, or cannot be written
   */
  public AttemptClaim claim(String run, RunIdentity identity, Instant at) throws IOException {
    int before = newestClaim().map(AttemptClaim::attempt).orElse(0);
    return attempts().claim(run, identity, at, before, 0);
  }

  /**
   * The same for a driver that has claimed before.
   *
   * @param last number of its last claim
   * @throws FencedException if another driver has claimed since
   */
  public AttemptClaim claimAfter(String run, RunIdentity identity, Instant at, int last)
      throws IOException {
    return attempts().claim(run, identity, at, 0, last);
  }

  /**
   * The newest claim that can be read. Where there is none, that of the attempt which wrote the
   * newest manifest, of whatever run, as of 1970.
   */
  public Optional<AttemptClaim> newestClaim() throws IOException {
    Optional<AttemptClaim> claim = attempts().newest();
    if (claim.isPresent()) {
      return claim;
    }
    List<CheckpointManifest> manifests = manifests();
    return manifests.isEmpty()
        ? Optional.empty()
        : Optional.of(claimOf(manifests.get(manifests.size() - 1)));
  }

  private static AttemptClaim claimOf(CheckpointManifest manifest) {
    return new AttemptClaim(manifest.run(), manifest.attempt(), Instant.EPOCH, manifest.identity());
  }

  // ---- writing --------------------------------------------------------------------------------

  /**
   * Writes one shard; called by the executor that owns it. Returns when it is on the disk.
   *
   * @param server number of the parameter shard
   * @throws IOException if it cannot be written; names file and cause
   */
  public CheckpointManifest.ShardEntry writeShard(ShardFile shard, int server, int attempt)
      throws IOException {
    Path file = at(shard.step()).shard(server, attempt);
    ShardFile.Written written = write(file, shard::write);
    return new CheckpointManifest.ShardEntry(
        file.getName(), shard.begin(), shard.end(), written.bytes(), written.crc32c());
  }

  /**
   * Writes what a virtual worker keeps; called by the executor that plays it. Returns when it is on
   * the disk.
   *
   * @throws IOException if it cannot be written; names file and cause
   */
  public CheckpointManifest.ReplicaEntry writeReplica(ReplicaFile replica, int attempt)
      throws IOException {
    Path file = at(replica.step()).replica(replica.virtualWorker(), attempt);
    ShardFile.Written written = write(file, replica::write);
    return new CheckpointManifest.ReplicaEntry(
        file.getName(), replica.virtualWorker(), written.bytes(), written.crc32c());
  }

  private ShardFile.Written write(Path file, CheckpointFiles.Content<ShardFile.Written> content)
      throws IOException {
    try {
      return files().write(file, content);
    } catch (IOException e) {
      throw notWritten(file, e);
    }
  }

  private IOException notWritten(Path file, IOException cause) {
    return new IOException(
        "cannot write %s: %s; %s".formatted(file, cause.getMessage(), untouched()), cause);
  }

  private String untouched() {
    try {
      List<CheckpointManifest> complete = complete();
      return complete.isEmpty()
          ? "there is no earlier checkpoint"
          : "the checkpoint of step %d is untouched"
              .formatted(complete.get(complete.size() - 1).step());
    } catch (IOException e) {
      return "earlier checkpoints are untouched";
    }
  }

  // ---- committing -----------------------------------------------------------------------------

  /**
   * Makes a checkpoint complete; called by the driver. Where the step has a complete one already,
   * of the same identity and rate cuts, that one stays, and the files named here go: a run that
   * came this way again came to the same bits.
   *
   * @throws FencedException if a later attempt has been claimed, before or meanwhile
   * @throws IOException if the folder belongs to another run, a file that the manifest names is not
   *     there as long as it was written, or the manifest cannot be written; earlier checkpoints are
   *     untouched
   */
  public void commit(CheckpointManifest manifest) throws IOException {
    attempts().requireNewest(manifest);
    StepFolder at = at(manifest.step());
    try {
      for (int race = 0; !committed(at, manifest); race++) {
        if (race == MOST_LOST_RACES) {
          throw new IOException("others commit there all the time: stop them");
        }
      }
      files().sync(folder);
    } catch (IOException e) {
      // That it was overtaken says more than that its files are gone.
      attempts().requireNewest(manifest);
      throw notWritten(at.manifestFile(), e);
    }
    attempts().requireNewest(manifest);
  }

  /** Returns false when another attempt's manifest came in between. */
  private boolean committed(StepFolder at, CheckpointManifest manifest) throws IOException {
    StepFolder.Content content = at.content();
    Optional<CheckpointManifest> there = completeOrEmpty(content);
    if (there.isPresent() && isOnTheSameCourse(there.get(), manifest)) {
      for (String superfluous : content.partsBeside(there.get(), manifest.attempt())) {
        at.delete(superfluous);
      }
      return true;
    }
    content.requireFilesOf(manifest);
    files().sync(at.path());
    byte[] written = ChecksummedJson.write(manifest);
    try {
      files()
          .put(
              at.manifestFile(),
              written,
              content.hasManifest() ? IfExists.REPLACE : IfExists.REFUSE);
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    requireStored(at, written);
    return true;
  }

  private static Optional<CheckpointManifest> completeOrEmpty(StepFolder.Content content)
      throws IOException {
    try {
      return content.complete();
    } catch (DamagedFileException e) {
      return Optional.empty();
    }
  }

  private static boolean isOnTheSameCourse(CheckpointManifest one, CheckpointManifest other) {
    return one.run().equals(other.run())
        && one.identity().equals(other.identity())
        && one.progress().rates().cuts().equals(other.progress().rates().cuts());
  }

  /** A manifest that only seems to be there must not let an older checkpoint go. */
  private void requireStored(StepFolder at, byte[] written) throws IOException {
    for (int look = 0; look < 2; look++) {
      if (Arrays.equals(written, files().read(at.manifestFile(), InputStream::readAllBytes))) {
        return;
      }
    }
    files().delete(at.manifestFile());
    throw new IOException("what is read there is not what was written: the disk is not sound");
  }

  // ---- reading --------------------------------------------------------------------------------

  /** The run's manifests that can be read, in order of their steps. */
  public List<CheckpointManifest> complete() throws IOException {
    String run = newestClaim().map(AttemptClaim::run).orElse("");
    return manifests().stream().filter(manifest -> manifest.run().equals(run)).toList();
  }

  private List<CheckpointManifest> manifests() throws IOException {
    List<CheckpointManifest> manifests = new ArrayList<>();
    for (StepFolder at : steps()) {
      try {
        manifests.add(at.manifest());
      } catch (FileNotFoundException | DamagedFileException e) {
        // Not complete.
      }
    }
    return manifests;
  }

  /**
   * The run's newest complete checkpoint: its manifest was checked, and its files have the lengths
   * that it names. Their bytes are checked by whoever reads them, see {@link #open}. One that is
   * damaged is set aside, and the one before it taken. One of another run, whose driver wrote it
   * while this run took the folder, is passed over.
   *
   * @param warnings told of what was damaged, one line each
   * @throws IOException if the folder or a manifest cannot be read for another reason than damage,
   *     or is of another version; nothing was changed then
   */
  public Optional<CheckpointManifest> newest(Consumer<String> warnings) throws IOException {
    List<StepFolder> steps = steps();
    Optional<String> run = attempts().newest().map(AttemptClaim::run);
    for (int i = steps.size() - 1; i >= 0; i--) {
      StepFolder at = steps.get(i);
      try {
        run = run.isPresent() ? run : runOf(at);
        Optional<CheckpointManifest> manifest = complete(at, run);
        if (manifest.isPresent()) {
          return manifest;
        }
      } catch (DamagedFileException e) {
        warnings.accept(
            new DamagedCheckpoint(files(), folder, at, e.getMessage()).setAsideIfPossible());
      } catch (IOException e) {
        throw at.unreadable(e);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> runOf(StepFolder at) throws IOException {
    try {
      return Optional.of(at.manifest().run());
    } catch (FileNotFoundException | DamagedFileException e) {
      return Optional.empty();
    }
  }

  /** Looks twice before it says that something is damaged: reading goes wrong, too. */
  private static Optional<CheckpointManifest> complete(StepFolder at, Optional<String> run)
      throws IOException {
    try {
      return completeOf(at, run);
    } catch (DamagedFileException e) {
      return completeOf(at, run);
    }
  }

  private static Optional<CheckpointManifest> completeOf(StepFolder at, Optional<String> run)
      throws IOException {
    StepFolder.Content content = at.content();
    Optional<CheckpointManifest> manifest =
        content.manifest().filter(one -> run.filter(one.run()::equals).isPresent());
    if (manifest.isPresent()) {
      content.requireFilesOf(manifest.get());
    }
    return manifest;
  }

  /**
   * Moves a checkpoint away whose files were found damaged; called by the driver, in an attempt
   * claimed after the one that found it.
   *
   * @param why what was found
   * @param warnings told of it, in one line
   * @throws IOException if it cannot be moved
   */
  public void setAside(long step, String why, Consumer<String> warnings) throws IOException {
    StepFolder at = at(step);
    DamagedCheckpoint damaged = new DamagedCheckpoint(files(), folder, at, why);
    try {
      warnings.accept(damaged.setAside());
    } catch (IOException e) {
      throw new IOException(
          damaged.notSetAside(e)
              + "; move %s elsewhere to resume from the checkpoint before".formatted(at.path()),
          e);
    }
  }

  /** The files of a complete checkpoint, to be read by the driver. Reads nothing yet. */
  public CheckpointReader open(CheckpointManifest manifest) throws IOException {
    return open(manifest.step(), manifest.contents());
  }

  /** The files of a complete checkpoint, to be read by executors. Reads nothing yet. */
  public CheckpointReader open(long step, CheckpointManifest.Contents contents) throws IOException {
    return new CheckpointReader(files(), at(step), contents);
  }

  // ---- keeping --------------------------------------------------------------------------------

  /**
   * Deletes what is not to be kept, oldest first; called by the driver after a commit that
   * returned. Below the newest complete step also what was never completed, and what other attempts
   * left beside complete checkpoints. Nothing goes that is newer, or was found damaged.
   *
   * @throws IOException if something cannot be deleted, after all the rest was
   */
  public void retain(Retention retention) throws IOException {
    CheckpointCleaner keeping =
        new CheckpointCleaner(newestClaim().map(AttemptClaim::run).orElse(""));
    for (StepFolder at : steps()) {
      keeping.add(at);
    }
    keeping.deleteAllBut(retention);
  }

  /**
   * Deletes the checkpoints of later steps, newest first; called by the driver, in an attempt of
   * its own, that goes back to a step to take the steps after it in another way.
   */
  public void deleteAfter(long step) throws IOException {
    List<StepFolder> steps = steps();
    for (int i = steps.size() - 1; i >= 0 && steps.get(i).step() > step; i--) {
      steps.get(i).delete();
    }
  }

  // ---- parts ----------------------------------------------------------------------------------

  private List<StepFolder> steps() throws IOException {
    return StepFolder.in(files(), folder);
  }

  private StepFolder at(long step) throws IOException {
    return new StepFolder(files(), folder, step);
  }

  private Attempts attempts() throws IOException {
    return new Attempts(files(), folder);
  }

  private CheckpointFiles files() throws IOException {
    return new CheckpointFiles(folder.getFileSystem(hadoop));
  }
}
