package dev.lockstep.trainer.config;

import dev.lockstep.sharding.augment.Augmentation;
import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.util.List;

/**
 * Which examples a step uses.
 *
 * @param batchSize examples of one micro-batch, b, at least 1
 * @param validationFraction part of the examples kept for validation, in [0, 1); 0 with a dataset
 *     that stores its own split
 * @param augmentation random changes of every training example, in this order; part of what
 *     determines the model
 */
@ConfigSection
public record DataConfig(
    @Initializer("DEFAULT_BATCH_SIZE") int batchSize,
    @Initializer("DEFAULT_VALIDATION_FRACTION") double validationFraction,
    @Initializer("DEFAULT_AUGMENTATION") List<Augmentation> augmentation)
    implements Serializable {

  public static final int DEFAULT_BATCH_SIZE = 32;
  public static final double DEFAULT_VALIDATION_FRACTION = 0;
  public static final List<Augmentation> DEFAULT_AUGMENTATION = List.of();

  /** Checks the ranges. */
  public DataConfig {
    Checks.atLeast("batchSize", batchSize, 1);
    if (!(validationFraction >= 0 && validationFraction < 1)) {
      throw new IllegalArgumentException(
          "validationFraction="
              + validationFraction
              + " is not in [0, 1): give a part such as 0.2");
    }
    augmentation = List.copyOf(augmentation);
  }
}
