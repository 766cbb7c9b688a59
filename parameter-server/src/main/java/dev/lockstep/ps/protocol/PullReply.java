package dev.lockstep.ps.protocol;

import java.util.List;

/**
 * What came with a frame of θ.
 *
 * @param version steps that this θ has taken; in mode {@code async}, steps of which it has every
 *     push
 * @param outcomes of the completed steps that were asked for, ascending
 */
public record PullReply(long version, List<StepOutcome> outcomes) {

  /** Copies the list. */
  public PullReply {
    outcomes = List.copyOf(outcomes);
  }
}
