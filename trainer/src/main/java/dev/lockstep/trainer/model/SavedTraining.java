package dev.lockstep.trainer.model;

import java.util.Objects;

/**
 * What a training leaves behind besides the definition. Lives on the driver.
 *
 * @param theta parameters, P floats; not copied
 * @param state the updater's state vectors, each P floats (0 where a block has none), or null if
 *     they were not saved; not copied
 * @param iterations optimizer steps taken
 * @param epochs epochs completed
 */
@SuppressWarnings("ArrayRecordComponent") // big, and handed on without copies
public record SavedTraining(float[] theta, float[][] state, long iterations, int epochs) {

  /** Checks the values. */
  public SavedTraining {
    Objects.requireNonNull(theta, "theta");
    if (iterations < 0 || epochs < 0) {
      throw new IllegalArgumentException(
          "iterations=" + iterations + " and epochs=" + epochs + " must be >= 0");
    }
    if (state != null) {
      for (float[] vector : state) {
        if (vector.length != theta.length) {
          throw new IllegalArgumentException(
              "state vector length=" + vector.length + " != parameters=" + theta.length);
        }
      }
    }
  }
}
