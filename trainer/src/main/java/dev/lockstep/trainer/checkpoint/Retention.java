package dev.lockstep.trainer.checkpoint;

/**
 * Which checkpoints of a run are kept.
 *
 * @param last how many of the newest complete ones, at least 1
 * @param bestOrNull by what the best of those at the end of an epoch is kept besides; null for none
 */
public record Retention(int last, BestBy bestOrNull) {

  /** The validation metric of the epoch that a checkpoint ends. */
  public enum BestBy {
    /** Smallest mean loss. */
    LOSS,
    /** Largest share classified rightly. */
    ACCURACY
  }

  /** Checks the number. */
  public Retention {
    if (last < 1) {
      throw new IllegalArgumentException(
          "checkpoints kept=%d < 1: the newest one is always kept".formatted(last));
    }
  }
}
