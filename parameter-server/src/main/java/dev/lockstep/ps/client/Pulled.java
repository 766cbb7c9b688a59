package dev.lockstep.ps.client;

import dev.lockstep.ps.protocol.StepOutcome;
import java.util.List;

/**
 * What came with θ.
 *
 * @param version steps that every frame of it has taken at least
 * @param outcomes of the completed steps that were asked for, ascending
 */
public record Pulled(long version, List<StepOutcome> outcomes) {

  /** Copies the list. */
  public Pulled {
    outcomes = List.copyOf(outcomes);
  }
}
