package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.ps.schedule.ScheduleText;
import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What takes the place of, or is laid over, the updaters that a model brings. Crosses from driver
 * to executors.
 *
 * @param name one of Lockstep's own optimizers for all trained parameters, or null for the model's
 *     own updaters
 * @param values of the optimizer's settings, by the names of their options without the dashes:
 *     {@code lr}, {@code momentum}, {@code weight-decay}, …; others have PyTorch's defaults
 * @param learningRateSchedule canonical {@link ScheduleText}, or null; its base is the optimizer's
 *     {@code lr}, or the rate of each of the model's updaters
 * @param momentumSchedule canonical {@link ScheduleText}, or null; its base is the momentum
 * @param rateScaling what the base of the learning rate is multiplied by
 * @param plateau canonical {@link Plateau}, or null
 */
public record OptimizerSettings(
    OptimizerName name,
    SortedMap<String, Double> values,
    String learningRateSchedule,
    String momentumSchedule,
    RateScaling rateScaling,
    String plateau)
    implements Serializable {

  /** The model's own updaters as they are. */
  public static final OptimizerSettings OF_MODEL =
      new OptimizerSettings(null, Collections.emptySortedMap(), null, null, RateScaling.NONE, null);

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

  /** Checks names and texts, and makes the texts canonical. */
  @JsonCreator
  public OptimizerSettings(
      @JsonProperty("name") OptimizerName name,
      @JsonProperty("values") SortedMap<String, Double> values,
      @JsonProperty("learningRateSchedule") String learningRateSchedule,
      @JsonProperty("momentumSchedule") String momentumSchedule,
      @JsonProperty("rateScaling") RateScaling rateScaling,
      @JsonProperty("plateau") String plateau) {
    this.name = name;
    this.values =
        Collections.unmodifiableSortedMap(
            new TreeMap<>(values == null ? Collections.emptySortedMap() : values));
    this.learningRateSchedule = canonical(learningRateSchedule);
    this.momentumSchedule = canonical(momentumSchedule);
    this.rateScaling = rateScaling == null ? RateScaling.NONE : rateScaling;
    this.plateau = plateau == null ? null : Plateau.parse(plateau).toString();
    this.values.forEach(this::check);
  }

  private static String canonical(String schedule) {
    return schedule == null ? null : ScheduleText.parse(schedule).toString();
  }

  private void check(String setting, Double value) {
    String having = OptimizerName.having(setting);
    String given = setting + "=" + value;
    if (having.isEmpty()) {
      throw new IllegalArgumentException(
          given + " is not a setting of any optimizer: leave it out");
    }
    if (value == null || !Double.isFinite(value)) {
      throw new IllegalArgumentException(given + " is not a finite number: give one");
    }
    if (OptimizerName.SWITCHES.contains(setting) && value != 0 && value != 1) {
      throw new IllegalArgumentException(given + " is neither 0 nor 1: give one of them");
    }
    if (name == null) {
      throw new IllegalArgumentException(
          given
              + " without an optimizer: name one of "
              + having
              + " with --optimizer, or change the model's own updaters in the model, a built-in one's"
              + " with --updater and --learning-rate");
    }
    if (!name.settings().contains(setting)) {
      throw new IllegalArgumentException(
          given
              + " has no effect with optimizer="
              + name.text()
              + ", which has "
              + String.join(", ", name.settings())
              + ": leave it out, or use one of "
              + having);
    }
  }

  /** The same with another optimizer; null for the model's own updaters. */
  public OptimizerSettings withName(OptimizerName value) {
    return new OptimizerSettings(
        value, values, learningRateSchedule, momentumSchedule, rateScaling, plateau);
  }

  /** The same with other values, added to those that are there. */
  public OptimizerSettings withValues(Map<String, Double> others) {
    SortedMap<String, Double> all = new TreeMap<>(values);
    all.putAll(others);
    return new OptimizerSettings(
        name, all, learningRateSchedule, momentumSchedule, rateScaling, plateau);
  }

  /** The same with another value. */
  public OptimizerSettings with(String setting, double value) {
    return withValues(Map.of(setting, value));
  }

  /** The same with another {@link #learningRateSchedule}. */
  public OptimizerSettings withLearningRateSchedule(String value) {
    return new OptimizerSettings(name, values, value, momentumSchedule, rateScaling, plateau);
  }

  /** The same with another {@link #momentumSchedule}. */
  public OptimizerSettings withMomentumSchedule(String value) {
    return new OptimizerSettings(name, values, learningRateSchedule, value, rateScaling, plateau);
  }

  /** The same with another {@link #rateScaling}. */
  public OptimizerSettings withRateScaling(RateScaling value) {
    return new OptimizerSettings(
        name, values, learningRateSchedule, momentumSchedule, value, plateau);
  }

  /** The same with another {@link #plateau}. */
  public OptimizerSettings withPlateau(String value) {
    return new OptimizerSettings(
        name, values, learningRateSchedule, momentumSchedule, rateScaling, value);
  }
}
