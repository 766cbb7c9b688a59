package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.Objects;

/**
 * A sharded dataset and where it is. Crosses from driver to executors.
 *
 * @param location Hadoop URI of the folder that holds the manifest, fully qualified
 * @param manifest its manifest
 */
public record ShardedDataset(String location, DatasetManifest manifest) implements Serializable {

  /** Checks that both are there. */
  public ShardedDataset {
    Objects.requireNonNull(manifest, "manifest");
    if (location == null || location.isBlank()) {
      throw new IllegalArgumentException("dataset location is blank");
    }
  }
}
