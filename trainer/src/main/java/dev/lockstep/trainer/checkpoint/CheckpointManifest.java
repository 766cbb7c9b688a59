package dev.lockstep.trainer.checkpoint;

import dev.lockstep.trainer.plan.RunIdentity;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a complete checkpoint consists of; written last, by the driver.
 *
 * @param formatVersion 2
 * @param run id of the run
 * @param attempt that wrote it
 * @param step optimizer steps taken
 * @param epoch epochs completed
 * @param parameters length of the vector that the parameter servers hold: θ, and in mode {@code
 *     averaging} the optimizer's state behind it where that is averaged
 * @param virtualWorkers of the run, V
 * @param seed of the run
 * @param dataFingerprint of the dataset
 * @param numericFingerprint of the arithmetic
 * @param determinantsSha256 of {@code determinants}
 * @param determinants what determined the steps taken
 * @param progress where the run stands
 * @param shards the parameter shards, ascending, which cover the vector
 * @param replicas what each virtual worker keeps for itself, ascending; empty where they keep
 *     nothing
 */
public record CheckpointManifest(
    int formatVersion,
    String run,
    int attempt,
    long step,
    int epoch,
    int parameters,
    int virtualWorkers,
    long seed,
    String dataFingerprint,
    String numericFingerprint,
    String determinantsSha256,
    RunIdentity determinants,
    RunProgress progress,
    List<ShardEntry> shards,
    List<ReplicaEntry> replicas) {

  /** The version that this code writes. */
  public static final int FORMAT_VERSION = 2;

  /** Checks that the shards cover θ. */
  public CheckpointManifest {
    if (formatVersion != FORMAT_VERSION) {
      throw new IllegalArgumentException(
          "checkpoint formatVersion="
              + formatVersion
              + " != "
              + FORMAT_VERSION
              + ": it was written by another version of Lockstep");
    }
    if (run == null || determinants == null || progress == null || shards == null) {
      throw new IllegalArgumentException(
          "checkpoint of step "
              + step
              + ": run, determinants, progress or shards are missing in its manifest");
    }
    if (!determinants.sha256().equals(determinantsSha256)) {
      throw new IllegalArgumentException(
          "checkpoint of step "
              + step
              + ": determinantsSha256="
              + determinantsSha256
              + " != "
              + determinants.sha256()
              + " of its determinants: the manifest was changed after it was written");
    }
    shards =
        shards.stream()
            .sorted(Comparator.comparingInt(ShardEntry::begin).thenComparingInt(ShardEntry::end))
            .toList();
    int covered = 0;
    for (ShardEntry shard : shards) {
      if (shard.begin() != covered) {
        throw new IllegalArgumentException(
            "checkpoint of step " + step + ": no shard holds element " + covered + " of θ");
      }
      covered = shard.end();
    }
    if (covered != parameters) {
      throw new IllegalArgumentException(
          "checkpoint of step "
              + step
              + ": shards end at "
              + covered
              + " != parameters="
              + parameters);
    }
    replicas =
        replicas == null
            ? List.of()
            : replicas.stream()
                .sorted(Comparator.comparingInt(ReplicaEntry::virtualWorker))
                .toList();
    List<Integer> kept = replicas.stream().map(ReplicaEntry::virtualWorker).toList();
    if (!kept.isEmpty() && !kept.equals(IntStream.range(0, virtualWorkers).boxed().toList())) {
      throw new IllegalArgumentException(
          "checkpoint of step "
              + step
              + ": files of virtual workers "
              + kept
              + " are not one of each of virtualWorkers="
              + virtualWorkers);
    }
  }

  /**
   * One shard file.
   *
   * @param file name inside the checkpoint's folder
   * @param begin first element of θ
   * @param end one after the last
   * @param bytes length of the file
   * @param crc32c checksum of the file
   */
  public record ShardEntry(String file, int begin, int end, long bytes, long crc32c) {}

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
