package dev.lockstep.trainer.driver;

/** Times the steps of a run that count, over all its attempts. Lives on the driver. */
final class RunClock {

  private double secondsBefore;
  private long startedAt;
  private long lastStepAt;
  private long lastEpochAt;

  /** Sets the clock to a checkpoint: time that was measured later does not count. */
  void rewind(double seconds) {
    secondsBefore = seconds;
    startedAt = 0;
  }

  /** Waits for the workers of another attempt; what was measured so far stays. */
  void pause() {
    secondsBefore = startedAt == 0 ? secondsBefore : seconds();
    startedAt = 0;
    lastStepAt = 0;
  }

  /** Starts with an attempt; does nothing when it has started already. */
  void start() {
    if (startedAt == 0) {
      startedAt = lastStepAt = lastEpochAt = System.nanoTime();
    }
  }

  /** Takes the time of steps that were reported together; returns their examples a second. */
  double steps(long examples) {
    long now = System.nanoTime();
    double rate = examples / ((now - lastStepAt) / 1e9);
    lastStepAt = now;
    return rate;
  }

  /** Takes the time of an epoch; returns its examples a second. */
  double epoch(long examples) {
    long now = System.nanoTime();
    double rate = examples / ((now - lastEpochAt) / 1e9);
    lastEpochAt = now;
    return rate;
  }

  /** Up to the last step. */
  double seconds() {
    return secondsBefore + (lastStepAt - startedAt) / 1e9;
  }

  /** Up to the end of the last epoch, its validation included. */
  double secondsAtEpochEnd() {
    return secondsBefore + (lastEpochAt - startedAt) / 1e9;
  }
}
