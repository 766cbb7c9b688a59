package dev.lockstep.trainer.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The folder of one step: what its files are called, what is in it and whether that is whole. A
 * checkpoint is complete when its manifest can be read and the files that this names have the
 * lengths that it names. Stateless; methods block.
 */
final class StepFolder {

  private static final String MANIFEST = "manifest.json";
  private static final String PREFIX = "step-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{12,18})");

  /** What an attempt writes before it commits. */
  private static final Pattern PART =
      Pattern.compile("(?:shard|replica)-[0-9]+\\.attempt-([0-9]+)");

  /** A manifest that was not put in its place to the end. */
  private static final String UNFINISHED_MANIFEST = "_" + MANIFEST + ".";

  private final CheckpointFiles files;
  private final long step;
  private final Path path;

  StepFolder(CheckpointFiles files, Path checkpoints, long step) {
    this.files = files;
    this.step = step;
    path = new Path(checkpoints, String.format(Locale.ROOT, PREFIX + "%012d", step));
  }

  /** The folders in the folder of all checkpoints, in order of their steps. */
  static List<StepFolder> in(CheckpointFiles files, Path checkpoints) throws IOException {
    return files.list(checkpoints).stream()
        .map(status -> NAME.matcher(status.getPath().getName()))
        .filter(Matcher::matches)
        .map(name -> Long.parseLong(name.group(1)))
        .sorted()
        .map(step -> new StepFolder(files, checkpoints, step))
        .toList();
  }

  long step() {
    return step;
  }

  Path path() {
    return path;
  }

  Path shard(int server, int attempt) {
    // The server's number, because servers without a chunk share an empty range.
    return file(String.format(Locale.ROOT, "shard-%05d.attempt-%d", server, attempt));
  }

  Path replica(int virtualWorker, int attempt) {
    return file(String.format(Locale.ROOT, "replica-%05d.attempt-%d", virtualWorker, attempt));
  }

  Path file(String name) {
    return new Path(path, name);
  }

  Path manifestFile() {
    return file(MANIFEST);
  }

  /**
   * Reads the manifest.
   *
   * @throws FileNotFoundException if there is none
   * @throws DamagedFileException if it is not what was written
   */
  CheckpointManifest manifest() throws IOException {
    Path file = manifestFile();
    CheckpointManifest manifest =
        ChecksummedJson.read(
            files.read(file, InputStream::readAllBytes),
            file.toString(),
            "the manifest of a checkpoint",
            CheckpointManifest.FORMAT_VERSION,
            CheckpointManifest.class);
    if (manifest.step() != step) {
      throw new DamagedFileException(
          file + " is of step " + manifest.step() + ": it belongs into another folder");
    }
    return manifest;
  }

  /** What is in the folder at one moment. */
  Content content() throws IOException {
    Map<String, Long> lengths = new HashMap<>();
    for (FileStatus status : files.list(path)) {
      lengths.put(status.getPath().getName(), status.getLen());
    }
    return new Content(lengths);
  }

  /** Makes it no checkpoint first, at once, and then deletes it. */
  void delete() throws IOException {
    files.delete(manifestFile());
    files.delete(path);
  }

  /** Deletes one file. */
  void delete(String name) throws IOException {
    files.delete(file(name));
  }

  /** What is said where the checkpoint cannot be read for another reason than damage. */
  IOException unreadable(IOException cause) {
    return new IOException(
        "cannot read the checkpoint of step %d, nothing was changed: %s; if it stays so, move %s elsewhere to resume from the checkpoint before"
            .formatted(step, cause.getMessage(), path),
        cause);
  }

  static DamagedFileException missing(Path file, FileNotFoundException cause) {
    return new DamagedFileException(file + " is missing, which the manifest names", cause);
  }

  /** Names and lengths of the files. */
  final class Content {

    private final Map<String, Long> lengths;

    private Content(Map<String, Long> lengths) {
      this.lengths = lengths;
    }

    boolean hasManifest() {
      return lengths.containsKey(MANIFEST);
    }

    /**
     * The manifest, if the checkpoint is complete.
     *
     * @return empty where there is no manifest
     * @throws DamagedFileException if there is one, and it or the files that it names are not what
     *     was written
     */
    Optional<CheckpointManifest> complete() throws IOException {
      Optional<CheckpointManifest> manifest = manifest();
      if (manifest.isPresent()) {
        requireFilesOf(manifest.get());
      }
      return manifest;
    }

    /**
     * The manifest, if there is one.
     *
     * @throws DamagedFileException if it is not what was written
     */
    Optional<CheckpointManifest> manifest() throws IOException {
      if (!hasManifest()) {
        return Optional.empty();
      }
      try {
        return Optional.of(StepFolder.this.manifest());
      } catch (FileNotFoundException e) {
        return Optional.empty();
      }
    }

    /** Whether the files that a manifest names are there, as long as they were written. */
    void requireFilesOf(CheckpointManifest manifest) throws IOException {
      for (CheckpointManifest.ShardEntry shard : manifest.contents().shards()) {
        requireLength(shard.file(), shard.bytes());
      }
      for (CheckpointManifest.ReplicaEntry replica : manifest.contents().replicas()) {
        requireLength(replica.file(), replica.bytes());
      }
    }

    private void requireLength(String name, long bytes) throws IOException {
      Long length = lengths.get(name);
      if (length == null) {
        throw missing(file(name), null);
      }
      if (length != bytes) {
        throw new DamagedFileException(
            "%s has %d bytes != %d that were written: the file is %s"
                .formatted(file(name), length, bytes, length < bytes ? "truncated" : "damaged"));
      }
    }

    /** Files of attempts up to one which a manifest does not name. */
    List<String> partsBeside(CheckpointManifest manifest, int latestAttempt) {
      Set<String> named = new HashSet<>();
      manifest.contents().shards().forEach(shard -> named.add(shard.file()));
      manifest.contents().replicas().forEach(replica -> named.add(replica.file()));
      List<String> beside = new ArrayList<>();
      for (String name : lengths.keySet()) {
        Matcher part = PART.matcher(name);
        if (part.matches()
            && !named.contains(name)
            && Long.parseLong(part.group(1)) <= latestAttempt) {
          beside.add(name);
        }
      }
      return beside;
    }

    /** Manifests that were not put in their place to the end. */
    List<String> unfinishedManifests() {
      return lengths.keySet().stream()
          .filter(name -> name.startsWith(UNFINISHED_MANIFEST))
          .toList();
    }
  }
}
