package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.plan.Phase;
import dev.lockstep.trainer.plan.RunIdentity;
import java.util.List;
import java.util.Optional;

/**
 * What a run will do from its first step to its last. Lives on the driver.
 *
 * @param origin what it begins with
 * @param mode what its mode makes of the model's updates
 * @param schedule of that mode
 * @param phases its parts, in order
 * @param identity what determines its steps
 */
record RunPlan(
    RunOrigin origin,
    ModePlan mode,
    StepSchedule schedule,
    List<Phase> phases,
    RunIdentity identity) {

  /** Steps taken when the run is complete. */
  public long lastStep() {
    return phases.get(phases.size() - 1).syncPoints().lastStep();
  }

  /** The part that the step after so many belongs to; empty where there is none. */
  public Optional<Phase> phaseAfter(long steps) {
    return phases.stream().filter(phase -> steps < phase.syncPoints().lastStep()).findFirst();
  }

  /** The part before another one; empty for the first. */
  public Optional<Phase> before(Phase phase) {
    int index = phases.indexOf(phase);
    return index == 0 ? Optional.empty() : Optional.of(phases.get(index - 1));
  }
}
