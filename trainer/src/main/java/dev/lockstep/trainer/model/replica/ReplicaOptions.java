package dev.lockstep.trainer.model.replica;

import java.io.Serializable;
import java.util.Objects;

/**
 * How replicas compute. Crosses from driver to executors.
 *
 * @param kernels which implementation of convolution, pooling and batch normalisation
 */
public record ReplicaOptions(Kernels kernels) implements Serializable {

  /** Implementations of convolution, pooling and batch normalisation. */
  public enum Kernels {
    /** oneDNN's where the loaded natives have it, else DL4J's own. */
    ONEDNN,
    /** DL4J's own (im2col and GEMM). */
    BUILT_IN
  }

  /** oneDNN where it is there. */
  public static final ReplicaOptions DEFAULT = new ReplicaOptions(Kernels.ONEDNN);

  /** Checks presence. */
  public ReplicaOptions {
    Objects.requireNonNull(kernels, "kernels");
  }
}
