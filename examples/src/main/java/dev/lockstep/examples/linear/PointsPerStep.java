package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Lab;
import dev.lockstep.trainer.config.TrainingConfig;

/** How many of 100 points a step looks at. */
enum PointsPerStep {
  /** All of them: four virtual workers of 25. */
  BATCH("batch", 4, 25),
  /** Ten of them, of a fresh permutation in each epoch: two virtual workers of five. */
  MINI_BATCH("mini-batch", 2, 5),
  /** One: there is nothing to distribute. */
  STOCHASTIC("stochastic", 1, 1);

  static final int POINTS = 100;

  private final String text;
  private final int virtualWorkers;
  private final int batchSize;

  PointsPerStep(String text, int virtualWorkers, int batchSize) {
    this.text = text;
    this.virtualWorkers = virtualWorkers;
    this.batchSize = batchSize;
  }

  String text() {
    return text;
  }

  /** As many epochs as make the steps, or the next whole one. */
  TrainingConfig run(Lab lab, int steps) {
    int points = virtualWorkers * batchSize;
    return lab.newRun(text, virtualWorkers, batchSize, (steps * points + POINTS - 1) / POINTS)
        .build();
  }
}
