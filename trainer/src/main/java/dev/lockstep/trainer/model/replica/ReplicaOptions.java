package dev.lockstep.trainer.model.replica;

import dev.lockstep.trainer.config.ClusterConfig;
import dev.lockstep.trainer.config.TrainingConfig;
import java.io.Serializable;
import java.util.Objects;

/**
 * How replicas compute. Crosses from driver to executors.
 *
 * @param kernels which implementation of convolution, pooling and batch normalization
 */
public record ReplicaOptions(Kernels kernels) implements Serializable {

  /** Implementations of convolution, pooling and batch normalization. */
  public enum Kernels {
    /** oneDNN's where the loaded natives have it, else DL4J's own. */
    ONEDNN,
    /** DL4J's own (im2col and GEMM). */
    BUILT_IN
  }

  /** Those of a configuration. */
  public static ReplicaOptions of(TrainingConfig config) {
    return new ReplicaOptions(
        config.cluster().kernels() == ClusterConfig.Kernels.ONEDNN
            ? Kernels.ONEDNN
            : Kernels.BUILT_IN);
  }

  /** oneDNN where it is there. */
  public static final ReplicaOptions DEFAULT = new ReplicaOptions(Kernels.ONEDNN);

  /** Checks presence. */
  public ReplicaOptions {
    Objects.requireNonNull(kernels, "kernels");
  }
}
