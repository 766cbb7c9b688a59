package dev.lockstep.examples.mnist;

import dev.lockstep.examples.lab.Lab;
import dev.lockstep.trainer.config.TrainingConfig;

/** How many images a step looks at, and for how long. */
enum ImagesPerStep {
  /** All of them: four virtual workers with a quarter each. */
  BATCH("batch", 4, 40),
  /** 64: four virtual workers with 16 each. */
  MINI_BATCH("mini-batch", 4, 12),
  /** One: there is nothing to distribute. */
  STOCHASTIC("stochastic", 1, 2);

  private final String text;
  private final int virtualWorkers;
  private final int epochs;

  ImagesPerStep(String text, int virtualWorkers, int epochs) {
    this.text = text;
    this.virtualWorkers = virtualWorkers;
    this.epochs = epochs;
  }

  String text() {
    return text;
  }

  /**
   * The training.
   *
   * @param images in the dataset
   * @param times the usual number of epochs
   */
  TrainingConfig run(Lab lab, long images, int times) {
    return lab.newRun(text, virtualWorkers, batchSize(images), times * epochs)
        .data(d -> d.validationFraction(0.2))
        .build();
  }

  private int batchSize(long images) {
    return switch (this) {
      case BATCH -> Math.toIntExact((images + virtualWorkers - 1) / virtualWorkers);
      case MINI_BATCH -> 16;
      case STOCHASTIC -> 1;
    };
  }
}
