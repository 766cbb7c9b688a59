package dev.lockstep.trainer.config;

import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;

/**
 * Which executors train, on which arithmetic. Of these the numeric profile and the kernels alone
 * determine the model.
 *
 * @param workers barrier tasks, W ≤ V; 0 takes as many as the cluster has slots, up to V
 * @param minWorkers fewest workers to go on with after a failure, or to begin with where {@code
 *     workers} is 0
 * @param startTimeout longest wait for slots and for the start of all workers
 * @param peerTimeout longest silence of a peer before the attempt is given up
 * @param numericProfile name of the numeric profile
 * @param kernels which convolution kernels the replicas use
 * @param mixedBits what to do with executors whose arithmetic differs
 */
@ConfigSection
public record ClusterConfig(
    @Initializer("DEFAULT_WORKERS") int workers,
    @Initializer("DEFAULT_MIN_WORKERS") int minWorkers,
    @Initializer("DEFAULT_START_TIMEOUT") Duration startTimeout,
    @Initializer("DEFAULT_PEER_TIMEOUT") Duration peerTimeout,
    @Initializer("DEFAULT_NUMERIC_PROFILE") String numericProfile,
    @Initializer("DEFAULT_KERNELS") Kernels kernels,
    @Initializer("DEFAULT_MIXED_BITS") MixedBits mixedBits)
    implements Serializable {

  public static final int DEFAULT_WORKERS = 0;
  public static final int DEFAULT_MIN_WORKERS = 1;
  public static final Duration DEFAULT_START_TIMEOUT = Duration.ofMinutes(5);
  public static final Duration DEFAULT_PEER_TIMEOUT = Duration.ofSeconds(10);
  public static final String DEFAULT_NUMERIC_PROFILE = "avx2";
  public static final Kernels DEFAULT_KERNELS = Kernels.ONEDNN;
  public static final MixedBits DEFAULT_MIXED_BITS = MixedBits.REFUSE;

  /** What to do with executors whose arithmetic differs. */
  public enum MixedBits {
    /** Refuse to train. */
    REFUSE,
    /** Train, and mark the run as not reproducible. */
    ALLOW
  }

  /** Implementations of convolution, pooling and batch normalization. */
  public enum Kernels {
    /** oneDNN's where the loaded natives have it, else DL4J's own. */
    ONEDNN,
    /** DL4J's own (im2col and GEMM). */
    BUILTIN
  }

  /** Checks the ranges. */
  public ClusterConfig {
    Objects.requireNonNull(kernels, "kernels");
    Objects.requireNonNull(mixedBits, "mixedBits");
    Checks.atLeast("workers", workers, 0);
    Checks.atLeast("minWorkers", minWorkers, 1);
    Checks.positive("startTimeout", startTimeout);
    Checks.positive("peerTimeout", peerTimeout);
    if (numericProfile == null || numericProfile.isBlank()) {
      throw new IllegalArgumentException(
          "numericProfile is blank: give avx2, avx512, generic or native");
    }
  }

  /** Checks the numbers of workers against each other. */
  void checkWorkers(int virtualWorkers) {
    if (virtualWorkers < workers) {
      throw new IllegalArgumentException(
          "virtualWorkers="
              + virtualWorkers
              + " < workers="
              + workers
              + ": lower --workers or raise --virtual-workers");
    }
    int most = workers == 0 ? virtualWorkers : workers;
    if (minWorkers > most) {
      throw new IllegalArgumentException(
          "minWorkers="
              + minWorkers
              + " > "
              + most
              + " workers at most (workers="
              + workers
              + ", virtualWorkers="
              + virtualWorkers
              + "): lower --min-workers");
    }
  }
}
