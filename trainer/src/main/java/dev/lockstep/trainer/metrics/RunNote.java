package dev.lockstep.trainer.metrics;

import java.util.Objects;

/**
 * Something that happened to a run besides steps: an executor lost, a checkpoint not written. Lives
 * on the driver; crosses through JSON.
 *
 * @param step steps that the run had taken, or to which it went back
 * @param text one line for people
 */
public record RunNote(long step, String text) {

  /** Checks the values. */
  public RunNote {
    Objects.requireNonNull(text, "text");
    if (step < 0) {
      throw new IllegalArgumentException("step=" + step + " of a note must be >= 0: " + text);
    }
  }
}
