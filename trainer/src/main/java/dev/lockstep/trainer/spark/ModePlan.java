package dev.lockstep.trainer.spark;

import dev.lockstep.ps.optim.BlockMomentum;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.server.Protocol;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.AveragedVector;
import java.io.Serializable;
import java.util.Objects;

/**
 * What a mode makes of the model's updates: which plan the servers follow, and on which vector.
 * Crosses from driver to executors.
 *
 * @param mode of the attempt
 * @param averagingOrNull settings of mode {@code averaging}, resolved; null in others
 * @param model the model's own updates
 * @param compression of what is pushed
 */
record ModePlan(
    TrainingConfig.Mode mode,
    Averaging averagingOrNull,
    UpdatePlan model,
    CompressionPlan compression)
    implements Serializable {

  /** Checks presence. */
  ModePlan {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(compression, "compression");
    if ((mode == TrainingConfig.Mode.AVERAGING) != (averagingOrNull != null)) {
      throw new IllegalArgumentException("mode=" + mode + " averaging=" + averagingOrNull);
    }
  }

  static ModePlan of(TrainingConfig config, UpdatePlan model) {
    return new ModePlan(config.mode(), config.averaging(), model, CompressionPlan.of(config));
  }

  /** Whether virtual workers take steps of their own. */
  boolean averages() {
    return averagingOrNull != null;
  }

  /** Whether every virtual worker keeps an optimizer state of its own. */
  boolean keepsState() {
    return averages()
        && averagingOrNull.localState() == Averaging.LocalState.KEPT
        && model.stateVectors() > 0;
  }

  /** Whether every virtual worker has a file of its own in a checkpoint. */
  boolean savesReplicas() {
    return keepsState() || compression.keepsResiduals();
  }

  /** What workers and servers agree on. */
  Protocol protocol() {
    return Protocol.SYNC.with(compression.rounding());
  }

  /** Local steps of a round. */
  int roundSteps() {
    return averages() ? averagingOrNull.every() : 1;
  }

  /** What travels in mode {@code averaging}. */
  AveragedVector averaged() {
    return new AveragedVector(model, keepsState() ? 0 : model.stateVectors());
  }

  /** The updates that the servers make. */
  UpdatePlan server() {
    return averages() ? averaged().serverPlan(outer()) : model;
  }

  private OptimizerSpec outer() {
    return switch (averagingOrNull.outer()) {
      case NONE -> new Dl4jOptimizer.Sgd(Schedule.fixed(1));
      case NESTEROV ->
          new Dl4jOptimizer.Nesterovs(
              Schedule.fixed(averagingOrNull.outerRate()),
              Schedule.fixed(averagingOrNull.outerMomentum()));
      case BLOCK_MOMENTUM ->
          new BlockMomentum(averagingOrNull.outerRate(), averagingOrNull.outerMomentum());
    };
  }

  /**
   * The vector that the servers begin with.
   *
   * @param theta length P
   * @param stateOrNull of the model's optimizer; null for a fresh one
   */
  float[] vector(float[] theta, float[][] stateOrNull) {
    return averages() ? averaged().compose(theta, stateOf(stateOrNull)) : theta;
  }

  private float[][] stateOf(float[][] stateOrNull) {
    return stateOrNull != null
        ? stateOrNull
        : new ShardOptimizer(model, 0, model.layout().parameters()).state();
  }
}
