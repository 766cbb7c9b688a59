package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.Objects;

/**
 * A sharded dataset and where it is. Crosses from driver to executors.
 *
 * @param location Hadoop URI of the folder that holds the manifest, fully qualified
 * @param shardSet its manifest
 */
public record ShardedDataset(String location, DatasetManifest shardSet) implements Serializable {

  /** Checks that both are there. */
  public ShardedDataset {
    Objects.requireNonNull(shardSet, "shardSet");
    if (location == null || location.isBlank()) {
      throw new IllegalArgumentException("dataset location is blank");
    }
  }
}
