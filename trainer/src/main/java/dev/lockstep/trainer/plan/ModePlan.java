package dev.lockstep.trainer.plan;

import dev.lockstep.ps.optim.BlockMomentum;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.ModeConfig.Mode;
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
public record ModePlan(
    Mode mode, Averaging averagingOrNull, UpdatePlan model, CompressionPlan compression)
    implements Serializable {

  /** Checks presence. */
  public ModePlan {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(compression, "compression");
    if ((mode == Mode.AVERAGING) != (averagingOrNull != null)) {
      throw new IllegalArgumentException("mode=" + mode + " averaging=" + averagingOrNull);
    }
  }

  /**
   * The plan of a configuration.
   *
   * @throws IllegalArgumentException if the mode cannot make the model's updates
   */
  public static ModePlan of(TrainingConfig config, UpdatePlan model) {
    if (config.mode().kind() == Mode.ASYNC && model.normPlan().groups() > 0) {
      throw new IllegalArgumentException(
          "mode=async with gradient normalisation by norms, which needs a step's whole gradient:"
              + " take it out of the model or use ClipElementWiseAbsoluteValue, or use --mode ssp");
    }
    if (config.mode().kind() == Mode.ASYNC && model.isLayerwise()) {
      throw new IllegalArgumentException(
          "mode=async with an optimizer of trust ratios (lamb, lars), which need a step's whole"
              + " update: use another one such as adamw, or --mode ssp");
    }
    return new ModePlan(
        config.mode().kind(), config.mode().averaging(), model, CompressionPlan.of(config));
  }

  /** The plan of synchronous steps before averaging begins. */
  ModePlan synchronous() {
    return new ModePlan(Mode.SYNC, null, model, compression);
  }

  /** What workers and servers agree on. */
  public Protocol protocol(TrainingConfig config) {
    Consistency consistency =
        switch (mode) {
          case SYNC, AVERAGING -> new Consistency.Sync();
          case SSP -> new Consistency.Bounded(config.mode().staleness());
          case ASYNC ->
              new Consistency.Async(
                  (long) config.mode().virtualWorkers()
                      * config.data().batchSize()
                      * config.mode().accumulate());
        };
    return new Protocol(
        consistency, config.optimization().onNonFinite().servers(), compression.rounding());
  }

  /** Whether virtual workers take steps of their own. */
  public boolean averages() {
    return averagingOrNull != null;
  }

  /** Whether every virtual worker keeps an optimizer state of its own. */
  public boolean keepsState() {
    return averages()
        && averagingOrNull.localState() == Averaging.LocalState.KEPT
        && model.stateVectors() > 0;
  }

  /** Whether every virtual worker has a file of its own in a checkpoint. */
  public boolean savesReplicas() {
    return keepsState() || compression.keepsResiduals();
  }

  /** Local steps of a round. */
  public int roundSteps() {
    return averages() ? averagingOrNull.every() : 1;
  }

  /** What travels in mode {@code averaging}. */
  public AveragedVector averaged() {
    return new AveragedVector(model, keepsState() ? 0 : model.stateVectors());
  }

  /** The updates that the servers make. */
  public UpdatePlan server() {
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
  public float[] vector(float[] theta, float[][] stateOrNull) {
    return averages() ? averaged().compose(theta, stateOf(stateOrNull)) : theta;
  }

  private float[][] stateOf(float[][] stateOrNull) {
    return stateOrNull != null
        ? stateOrNull
        : new ShardOptimizer(model, 0, model.layout().parameters()).state();
  }
}
