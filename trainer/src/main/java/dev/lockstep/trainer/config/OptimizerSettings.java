package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.ps.schedule.ScheduleText;
import java.io.Serializable;

/**
 * What takes the place of, or is laid over, the updaters that a model brings. Crosses from driver
 * to executors.
 *
 * @param algorithm the optimizer of all trained parameters, with PyTorch's formulas and defaults,
 *     or null for the model's own updaters
 * @param learningRateSchedule canonical {@link ScheduleText}, or null; its base is the optimizer's
 *     {@code lr}, or the rate of each of the model's updaters
 * @param momentumSchedule canonical {@link ScheduleText}, or null; its base is the momentum
 * @param rateScaling what the base of the learning rate is multiplied by
 * @param plateau canonical {@link Plateau}, or null
 */
@ConfigSection
public record OptimizerSettings(
    OptimizerText algorithm,
    String learningRateSchedule,
    String momentumSchedule,
    RateScaling rateScaling,
    String plateau)
    implements Serializable, OptimizerSettingsBuilder.With {

  /** The model's own updaters as they are. */
  public static final OptimizerSettings OF_MODEL =
      new OptimizerSettings(null, null, null, RateScaling.NONE, null);

  /** What a learning rate that was chosen for one virtual worker's batch is multiplied by. */
  public enum RateScaling {
    /** Nothing. */
    NONE,
    /** V: Goyal et al., arXiv 1706.02677, who warm up at the start. */
    LINEAR,
    /** √V: Hoffer et al., arXiv 1705.08741. */
    SQRT;

    /** The factor. */
    public double factor(int virtualWorkers) {
      return switch (this) {
        case NONE -> 1;
        case LINEAR -> virtualWorkers;
        case SQRT -> StrictMath.sqrt(virtualWorkers);
      };
    }
  }

  /** Checks the texts and makes them canonical. */
  @JsonCreator
  public OptimizerSettings(
      @JsonProperty("algorithm") OptimizerText algorithm,
      @JsonProperty("learningRateSchedule") String learningRateSchedule,
      @JsonProperty("momentumSchedule") String momentumSchedule,
      @JsonProperty("rateScaling") RateScaling rateScaling,
      @JsonProperty("plateau") String plateau) {
    this.algorithm = algorithm;
    this.learningRateSchedule = canonical(learningRateSchedule);
    this.momentumSchedule = canonical(momentumSchedule);
    this.rateScaling = rateScaling == null ? RateScaling.NONE : rateScaling;
    this.plateau = plateau == null ? null : Plateau.parse(plateau).toString();
  }

  private static String canonical(String schedule) {
    return schedule == null ? null : ScheduleText.parse(schedule).toString();
  }

  /** The same with an optimizer such as {@code adamw(lr=1e-3, weight-decay=0.05)}. */
  public OptimizerSettings withOptimizer(String text) {
    return withAlgorithm(OptimizerText.parse(text));
  }
}
