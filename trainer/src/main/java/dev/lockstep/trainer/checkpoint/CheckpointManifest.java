package dev.lockstep.trainer.checkpoint;

import java.util.Comparator;
import java.util.List;

/**
 * What a complete checkpoint consists of; written last, by the driver.
 *
 * @param formatVersion 1
 * @param run id of the run
 * @param attempt that wrote it
 * @param step optimizer steps taken
 * @param epoch epochs completed
 * @param parameters length of θ
 * @param virtualWorkers of the run, V
 * @param seed of the run
 * @param dataFingerprint of the dataset
 * @param numericFingerprint of the arithmetic
 * @param shards the parameter shards, ascending, which cover θ
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
    List<ShardEntry> shards) {

  /** The version that this code writes. */
  public static final int FORMAT_VERSION = 1;

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
}
