package dev.lockstep.trainer.spark;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.trainer.config.TrainingConfig;
import java.time.Duration;

/**
 * What a worker multiplies the learning rate by: decided by the driver at the end of each epoch
 * where the rate is reduced on a plateau, else 1. Lives in an executor; used by the worker's
 * thread.
 */
final class EpochRates {

  /** Longer than the slowest worker takes to validate. */
  private static final Duration LONGEST = Duration.ofHours(1);

  private final TrainingConfig config;
  private final DriverLink driver;
  private final AbortSignal signal;
  private double scale;

  /**
   * Asks nothing yet.
   *
   * @param scale of the first epoch's steps
   */
  EpochRates(TrainingConfig config, DriverLink driver, AbortSignal signal, double scale) {
    this.scale = scale;
    this.config = config;
    this.driver = driver;
    this.signal = signal;
  }

  /** Of the steps of the current epoch. */
  double scale() {
    return scale;
  }

  /**
   * Waits for the decision, which needs the validation of all workers; not after the last epoch.
   */
  void epochTaken(int epochsTaken) {
    if (config.optimizer().plateau() == null || epochsTaken >= config.epochs()) {
      return;
    }
    try {
      scale = driver.rateScale(epochsTaken, signal, LONGEST);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AttemptFailedException("the task was interrupted", e);
    }
  }
}
