package dev.lockstep.examples.linear;

import dev.lockstep.trainer.config.TrainingConfig;

/** How many of 100 points a step looks at. */
enum Descent {
  /** All of them: four virtual workers of 25. */
  BATCH("batch", 4, 25, 1_000),
  /** Ten of them, of a fresh permutation in each epoch: two virtual workers of five. */
  MINI_BATCH("mini-batch", 2, 5, 100),
  /** One: there is nothing to distribute. */
  STOCHASTIC("stochastic", 1, 1, 10);

  private final String text;
  private final int virtualWorkers;
  private final int batchSize;
  private final int epochs;

  Descent(String text, int virtualWorkers, int batchSize, int epochs) {
    this.text = text;
    this.virtualWorkers = virtualWorkers;
    this.batchSize = batchSize;
    this.epochs = epochs;
  }

  String text() {
    return text;
  }

  /** Epochs that make 1,000 steps. */
  TrainingConfig config(TrainingConfig.Builder run) {
    return run.virtualWorkers(virtualWorkers).batchSize(batchSize).epochs(epochs).build();
  }
}
