package dev.lockstep.trainer.checkpoint;

import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a complete checkpoint consists of; written last, by the driver.
 *
 * @param formatVersion {@link #FORMAT_VERSION}
 * @param writtenBy run and attempt that wrote it
 * @param step optimizer steps taken
 * @param numericFingerprint of the arithmetic
 * @param identity what determined the steps taken
 * @param progress where the run stands
 * @param contents the files
 */
public record CheckpointManifest(
    int formatVersion,
    AttemptId writtenBy,
    long step,
    String numericFingerprint,
    RunIdentity identity,
    RunProgress progress,
    Contents contents) {

  /** The version that this code reads and writes. */
  public static final int FORMAT_VERSION = 3;

  /** Checks that nothing is missing. */
  public CheckpointManifest {
    if (formatVersion != FORMAT_VERSION) {
      throw new IllegalArgumentException(
          "checkpoint formatVersion=%d != %d: it was written by another version of Lockstep"
              .formatted(formatVersion, FORMAT_VERSION));
    }
    if (writtenBy == null || identity == null || progress == null || contents == null) {
      throw new IllegalArgumentException(
          "checkpoint of step %d: writtenBy, identity, progress or contents are missing in its manifest"
              .formatted(step));
    }
  }

  /** A manifest of this version. */
  public CheckpointManifest(
      AttemptId writtenBy,
      long step,
      String numericFingerprint,
      RunIdentity identity,
      RunProgress progress,
      Contents contents) {
    this(FORMAT_VERSION, writtenBy, step, numericFingerprint, identity, progress, contents);
  }

  /** Id of the run. */
  public String run() {
    return writtenBy.run();
  }

  /** Number of the attempt that wrote it. */
  public int attempt() {
    return writtenBy.attempt();
  }

  /** Epochs completed. */
  public int epoch() {
    return progress.epochs().size();
  }

  /**
   * The files of a checkpoint. Crosses from driver to executors, which read them.
   *
   * @param parameters length of the vector that the parameter servers hold: θ, and in mode {@code
   *     averaging} the optimizer's state behind it where that is averaged
   * @param virtualWorkers of the run, V
   * @param shards the parameter shards, ascending, which cover the vector
   * @param replicas what each virtual worker keeps for itself, ascending; empty where they keep
   *     nothing
   */
  public record Contents(
      int parameters, int virtualWorkers, List<ShardEntry> shards, List<ReplicaEntry> replicas)
      implements Serializable {

    /** Checks that the shards cover the vector, and that all virtual workers have files or none. */
    public Contents {
      if (shards == null || replicas == null) {
        throw new IllegalArgumentException("shards=%s replicas=%s".formatted(shards, replicas));
      }
      shards =
          shards.stream()
              .sorted(Comparator.comparingInt(ShardEntry::begin).thenComparingInt(ShardEntry::end))
              .toList();
      int covered = 0;
      for (ShardEntry shard : shards) {
        if (shard.begin() != covered) {
          throw new IllegalArgumentException("no shard holds element " + covered + " of θ");
        }
        covered = shard.end();
      }
      if (covered != parameters) {
        throw new IllegalArgumentException(
            "shards end at %d != parameters=%d".formatted(covered, parameters));
      }
      replicas =
          replicas.stream().sorted(Comparator.comparingInt(ReplicaEntry::virtualWorker)).toList();
      List<Integer> kept = replicas.stream().map(ReplicaEntry::virtualWorker).toList();
      if (!kept.isEmpty() && !kept.equals(IntStream.range(0, virtualWorkers).boxed().toList())) {
        throw new IllegalArgumentException(
            "files of virtual workers %s are not one of each of virtualWorkers=%d"
                .formatted(kept, virtualWorkers));
      }
    }
  }

  /**
   * One shard file.
   *
   * @param file name inside the checkpoint's folder
   * @param begin first element of the servers' vector
   * @param end one after the last
   * @param bytes length of the file
   * @param crc32c checksum of its header and block checksums; see {@link ShardFile}
   */
  public record ShardEntry(String file, int begin, int end, long bytes, long crc32c)
      implements Serializable {}

  /**
   * One virtual worker's file.
   *
   * @param file name inside the checkpoint's folder
   * @param virtualWorker whose it is
   * @param bytes length of the file
   * @param crc32c checksum of the file
   */
  public record ReplicaEntry(String file, int virtualWorker, long bytes, long crc32c)
      implements Serializable {}
}
