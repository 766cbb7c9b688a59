package dev.lockstep.trainer.loop;

import java.io.Serializable;

/**
 * How long a model was trained before a run: learning-rate schedules and bias corrections continue
 * from there. Crosses from driver to executors.
 *
 * @param iterations optimizer steps taken
 * @param epochs completed
 */
public record PriorTraining(long iterations, int epochs) implements Serializable {

  /** Of a fresh model, or of a model whose optimizer state starts fresh. */
  public static final PriorTraining NONE = new PriorTraining(0, 0);
}
