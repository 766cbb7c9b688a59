package dev.lockstep.trainer.config;

import dev.lockstep.ps.schedule.Plateau;
import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;

/**
 * When checkpoints are taken, which are kept, and how often a failed run starts again from them.
 *
 * @param every interval of checkpoints, or null for one at the end only
 * @param keep how many of the newest complete checkpoints are kept, at least 1
 * @param keepBest by which validation metric the best checkpoint is kept besides, taken at the end
 *     of every epoch; null for none
 * @param maxAttempts attempts in a row that bring no new checkpoint after which the run is given up
 */
@ConfigSection
public record CheckpointConfig(
    CheckpointInterval every,
    @Initializer("DEFAULT_KEEP") int keep,
    Plateau.Metric keepBest,
    @Initializer("DEFAULT_MAX_ATTEMPTS") int maxAttempts)
    implements Serializable {

  public static final int DEFAULT_KEEP = 2;
  public static final int DEFAULT_MAX_ATTEMPTS = 4;

  /** Checks the ranges. */
  public CheckpointConfig {
    Checks.atLeast("keepCheckpoints", keep, 1);
    Checks.atLeast("maxAttempts", maxAttempts, 1);
  }
}
