package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import java.util.function.Consumer;

/** Told on the driver how a training comes along; called by one thread. */
public interface TrainingObserver {

  /** Hears nothing. */
  TrainingObserver NONE = new TrainingObserver() {};

  /** Hears the description of the launch alone. */
  static TrainingObserver ofLaunch(Consumer<String> description) {
    return new TrainingObserver() {
      @Override
      public void launching(String text) {
        description.accept(text);
      }
    };
  }

  /**
   * All checks have passed and the workers are about to be launched.
   *
   * @param description two lines for people: sizes, workers, memory
   */
  default void launching(String description) {}

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
   * The launch failed, and what is left is about to be launched again.
   *
   * @param why it failed
   * @param step of the checkpoint from which it goes on; 0 for the beginning
   */
  default void relaunching(String why, long step) {}
}
