package dev.lockstep.trainer.spark;

import dev.lockstep.trainer.report.EpochMetrics;
import dev.lockstep.trainer.report.StepMetrics;

/** Told on the driver how a training comes along; called by one thread. */
public interface TrainingObserver {

  /** Hears nothing. */
  TrainingObserver NONE = new TrainingObserver() {};

  /**
   * All workers have met and begin.
   *
   * @param description a few lines for people: workers, servers, memory
   */
  default void started(String description, long totalSteps, int totalEpochs) {}

  /** A step was taken. */
  default void step(StepMetrics metrics) {}

  /** An epoch is complete, its validation too. */
  default void epoch(EpochMetrics metrics) {}
}
