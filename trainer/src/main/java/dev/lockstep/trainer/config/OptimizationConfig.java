package dev.lockstep.trainer.config;

import dev.lockstep.ps.schedule.EarlyStopping;
import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.util.Objects;

/**
 * How parameters are updated, and for how long.
 *
 * @param epochs passes over the training part, at least 1
 * @param seed of the initial parameters (for configurations), of the data order, of dropout and of
 *     the validation split
 * @param optimizer what takes the place of, or is laid over, the model's own updaters
 * @param clipNorm global norm of the mean gradient above which the gradient is scaled down;
 *     infinite to have the norm of every step measured and reported and nothing scaled; 0 for
 *     neither
 * @param clipValue absolute value to which every gradient element is cut; 0 for none
 * @param onNonFinite what becomes of a step whose gradient has a NaN or an infinity
 * @param earlyStopping when the run ends before its last epoch, decided after the validation of
 *     every epoch, or null for never
 */
@ConfigSection
public record OptimizationConfig(
    @Initializer("DEFAULT_EPOCHS") int epochs,
    @Initializer("DEFAULT_SEED") long seed,
    @Initializer("DEFAULT_OPTIMIZER") OptimizerSettings optimizer,
    @Initializer("DEFAULT_CLIP_NORM") double clipNorm,
    @Initializer("DEFAULT_CLIP_VALUE") double clipValue,
    @Initializer("DEFAULT_ON_NON_FINITE") NonFinitePolicy onNonFinite,
    EarlyStopping earlyStopping)
    implements Serializable {

  public static final int DEFAULT_EPOCHS = 1;
  public static final long DEFAULT_SEED = 42;
  public static final OptimizerSettings DEFAULT_OPTIMIZER = OptimizerSettings.OF_MODEL;
  public static final double DEFAULT_CLIP_NORM = 0;
  public static final double DEFAULT_CLIP_VALUE = 0;
  public static final NonFinitePolicy DEFAULT_ON_NON_FINITE = NonFinitePolicy.STOP;

  /** Checks the ranges. */
  public OptimizationConfig {
    Objects.requireNonNull(optimizer, "optimizer");
    Objects.requireNonNull(onNonFinite, "onNonFinite");
    Checks.atLeast("epochs", epochs, 1);
    Checks.notNegative("clipValue", clipValue);
    if (!(clipNorm >= 0)) {
      throw new IllegalArgumentException(
          "clipNorm="
              + clipNorm
              + " is not a number >= 0: give a threshold, inf to measure only, or 0 for neither");
    }
    if (clipNorm > 0 && clipValue > 0) {
      throw new IllegalArgumentException(
          "clipNorm=" + clipNorm + " and clipValue=" + clipValue + " exclude each other: give one");
    }
  }
}
