package dev.lockstep.trainer.worker;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.EpochDecision;
import java.time.Duration;

/**
 * What a worker multiplies the learning rate by, and whether it goes on: decided by the driver at
 * the end of each epoch where the rate is reduced on a plateau or the run may end early, and, for
 * rates that were cut after gradients that were not finite, before the attempt. Lives in an
 * executor; used by the worker's thread.
 */
final class EpochRates {

  /** Longer than the slowest worker takes to validate. */
  private static final Duration LONGEST = Duration.ofHours(1);

  private final TrainingConfig config;
  private final DriverLink driver;
  private final AbortSignal signal;
  private final RateCuts cuts;
  private EpochDecision decision;

  /**
   * Asks nothing yet.
   *
   * @param scale of the first epoch's steps
   * @param cuts by step
   */
  EpochRates(
      TrainingConfig config, DriverLink driver, AbortSignal signal, double scale, RateCuts cuts) {
    this.decision = new EpochDecision(scale, EpochDecision.Outlook.GOES_ON);
    this.cuts = cuts;
    this.config = config;
    this.driver = driver;
    this.signal = signal;
  }

  /** Of the steps of the current epoch, without cuts. */
  double scale() {
    return decision.rateScale();
  }

  /**
   * Of a step of the current epoch.
   *
   * @param step steps of the run taken before it
   */
  double scale(long step) {
    return decision.rateScale() * cuts.scale(step);
  }

  /** Whether the run ends with the epoch just taken. */
  boolean endsHere() {
    return decision.outlook() == EpochDecision.Outlook.ENDS;
  }

  /**
   * Waits for the decision, which needs the validation of all workers; not after the last epoch.
   */
  void epochTaken(int epochsTaken) {
    boolean isDecided =
        config.optimization().optimizer().plateau() != null
            || config.optimization().earlyStopping() != null;
    if (!isDecided || epochsTaken >= config.optimization().epochs()) {
      return;
    }
    try {
      decision = driver.decision(epochsTaken, signal, LONGEST);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AttemptFailedException("the task was interrupted", e);
    }
  }
}
