package dev.lockstep.trainer.loop;

import java.io.Serializable;

/**
 * Converts the steps of a run into the other counts of steps. Crosses from driver to executors.
 *
 * <pre>
 *   run step     steps that the run has taken, from 0: what users and checkpoints count
 *   server step  updates of the parameter servers: in mode averaging a round is one update
 *   iteration    steps of the model, those before the run included: what optimizers count
 * </pre>
 *
 * @param schedule how steps make rounds
 * @param prior training of the model before the run
 */
public record StepClock(StepSchedule schedule, PriorTraining prior) implements Serializable {

  /** The server step when so many steps of the run are taken. */
  public long serverStep(long runSteps) {
    return prior.iterations() + schedule.clock(runSteps);
  }

  /** Steps of the run taken before a server step. */
  public long runStep(long serverStep) {
    return schedule.steps(serverStep - prior.iterations());
  }

  /** The model's iteration when so many steps of the run are taken. */
  public long iteration(long runSteps) {
    return prior.iterations() + runSteps;
  }

  /** The model's epoch, from 0, that a step of the run belongs to. */
  public int epoch(long runStep) {
    return prior.epochs() + schedule.epoch(runStep);
  }
}
