package dev.lockstep.trainer.model.replica;

import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.config.TrainingConfig;
import java.io.Serializable;
import java.util.Objects;

/**
 * How replicas compute. Crosses from driver to executors.
 *
 * @param kernels which implementation of convolution, pooling and batch normalization
 */
public record ReplicaOptions(Kernels kernels) implements Serializable {

  /** Those of a configuration. */
  public static ReplicaOptions of(TrainingConfig config) {
    return new ReplicaOptions(config.cluster().kernels());
  }

  /** oneDNN where it is there. */
  public static final ReplicaOptions DEFAULT = new ReplicaOptions(Kernels.ONEDNN);

  /** Checks presence. */
  public ReplicaOptions {
    Objects.requireNonNull(kernels, "kernels");
  }
}
