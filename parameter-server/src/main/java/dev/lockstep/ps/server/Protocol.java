package dev.lockstep.ps.server;

import java.io.Serializable;
import java.util.Objects;

/**
 * What workers and servers of a run have agreed on. Crosses from driver to executors.
 *
 * @param consistency when pushes become steps
 * @param onNonFinite what becomes of a step whose gradient is not finite
 */
public record Protocol(Consistency consistency, OnNonFinite onNonFinite) implements Serializable {

  /** Synchronous steps; a gradient that is not finite ends the attempt. */
  public static final Protocol SYNC = new Protocol(new Consistency.Sync(), OnNonFinite.STOP);

  /** Checks for null. */
  public Protocol {
    Objects.requireNonNull(consistency, "consistency");
    Objects.requireNonNull(onNonFinite, "onNonFinite");
  }

  /** The same with another consistency. */
  public Protocol with(Consistency other) {
    return new Protocol(other, onNonFinite);
  }

  /** The same with another answer to gradients that are not finite. */
  public Protocol with(OnNonFinite other) {
    return new Protocol(consistency, other);
  }
}
