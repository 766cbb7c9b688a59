package dev.lockstep.trainer.plan;

import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.loop.SyncPoints;
import java.io.Serializable;
import java.util.List;

/**
 * A part of a run that is started by itself, once or, after failures, more often: each begins with
 * what the one before has left. Crosses from driver to executors.
 *
 * @param plan what its mode makes of the model's updates
 * @param firstStep steps of the run taken before it
 * @param syncPoints of its steps; the last one ends it
 */
public record Phase(ModePlan plan, long firstStep, SyncPoints syncPoints) implements Serializable {

  /**
   * The phases of a run: one, or two where averaging begins later.
   *
   * @param plan of the configuration's mode
   * @param schedule of that mode
   * @throws IllegalArgumentException if averaging would never begin
   */
  public static List<Phase> of(TrainingConfig config, ModePlan plan, StepSchedule schedule) {
    long steps = schedule.stepsPerEpoch() * config.optimization().epochs();
    long checkpointEvery =
        config.checkpoints().every() == null
            ? 0
            : config.checkpoints().every().steps(schedule.stepsPerEpoch());
    boolean needsEpochs =
        config.checkpoints().keepBest() != null || config.optimization().earlyStopping() != null;
    long alsoEvery = needsEpochs ? schedule.stepsPerEpoch() : 0;
    RunPoint from = plan.averages() ? plan.averagingOrNull().from() : null;
    if (from == null) {
      return List.of(
          new Phase(plan, 0, new SyncPoints(schedule, checkpointEvery, alsoEvery, steps)));
    }
    if (config.optimization().optimizer().plateau() != null) {
      throw new IllegalArgumentException(
          "postLocalFrom="
              + from
              + " with a rate that is reduced on a plateau: the second phase would not know of the"
              + " first one's plateaus; use a learning-rate schedule");
    }
    long first = from.steps(schedule.stepsPerEpoch());
    if (first >= steps) {
      throw new IllegalArgumentException(
          "postLocalFrom="
              + from
              + " is step "
              + first
              + " >= "
              + steps
              + " steps of the run: averaging would never begin; lower --post-local-from, or use"
              + " --mode sync");
    }
    StepSchedule synchronous =
        new StepSchedule(schedule.microBatchesPerEpoch(), schedule.accumulate(), 1);
    return List.of(
        new Phase(
            plan.synchronous(), 0, new SyncPoints(synchronous, checkpointEvery, alsoEvery, first)),
        new Phase(plan, first, new SyncPoints(schedule, checkpointEvery, alsoEvery, steps)));
  }
}
