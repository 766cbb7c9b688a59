package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import java.util.function.Consumer;

/** Told on the driver how a training comes along; called by one thread. */
public interface TrainingObserver {

  /** Hears nothing. */
  TrainingObserver NONE = new TrainingObserver() {};

  /** Receives the description of the run alone. */
  static TrainingObserver ofDescription(Consumer<String> description) {
    return new TrainingObserver() {
      @Override
      public void starting(String text) {
        description.accept(text);
      }
    };
  }

  /**
   * All checks have passed and the workers are about to be started.
   *
   * @param description two lines for people: sizes, workers, memory
   */
  default void starting(String description) {}

  /** All workers have met and begin. */
  default void started(int servers, long totalSteps, int totalEpochs) {}

  /** A step was taken. */
  default void step(StepMetrics metrics) {}

  /** An epoch is complete, its validation too. */
  default void epoch(EpochMetrics metrics) {}

  /**
   * The run ends before its last epoch.
   *
   * @param epoch after which it ends, counted from 1
   * @param reason in words
   */
  default void endsEarly(int epoch, String reason) {}

  /** A checkpoint is complete. */
  default void checkpoint(long step) {}

  /** Something went wrong that the training has got over. */
  default void warning(String text) {}

  /**
   * An attempt failed, and the next one is about to be started.
   *
   * @param why it failed
   * @param step of the checkpoint from which it goes on; 0 for the beginning
   */
  default void restarting(String why, long step) {}
}
