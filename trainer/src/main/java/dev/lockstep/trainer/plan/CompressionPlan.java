package dev.lockstep.trainer.plan;

import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.compress.Sparsifier;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.TrainingConfig;
import java.io.Serializable;
import java.util.Objects;

/**
 * What the setting {@code compression} means for a run's gradient sums. Crosses from driver to
 * executors.
 *
 * @param rounding of all sums, on workers and servers
 * @param sparsifierOrNull of the sums of virtual workers, or null where all elements are sent
 */
public record CompressionPlan(Rounding rounding, Sparsifier sparsifierOrNull)
    implements Serializable {

  /** Sums as they are. */
  static final CompressionPlan NONE = new CompressionPlan(Rounding.NONE, null);

  /** Checks presence. */
  public CompressionPlan {
    Objects.requireNonNull(rounding, "rounding");
  }

  static CompressionPlan of(TrainingConfig config) {
    long examplesPerLeaf = (long) config.data().batchSize() * config.mode().accumulate();
    Compression compression = config.mode().gradientCompression();
    if (compression instanceof Compression.BFloat16) {
      return new CompressionPlan(Rounding.BFLOAT16, null);
    }
    if (compression instanceof Compression.Float16) {
      return new CompressionPlan(
          Rounding.float16(examplesPerLeaf * config.mode().virtualWorkers()), null);
    }
    if (compression instanceof Compression.TopK topK) {
      return new CompressionPlan(Rounding.NONE, new Sparsifier.TopK(topK.ratio()));
    }
    if (compression instanceof Compression.Threshold threshold) {
      return new CompressionPlan(
          Rounding.NONE,
          new Sparsifier.Threshold((float) (threshold.magnitude() * examplesPerLeaf)));
    }
    return NONE;
  }

  /** Whether every virtual worker keeps what it has not sent. */
  public boolean keepsResiduals() {
    return sparsifierOrNull != null;
  }

  /** For one worker, without residuals. */
  public LeafCompressor compressor(UpdatePlan updates) {
    return keepsResiduals()
        ? LeafCompressor.sparse(sparsifierOrNull, updates)
        : LeafCompressor.rounding(rounding);
  }
}
