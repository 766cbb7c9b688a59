package dev.lockstep.ps.protocol;

import dev.lockstep.ps.reduce.Rounding;
import java.io.Serializable;
import java.util.Objects;

/**
 * What workers and servers of a run have agreed on. Crosses from driver to executors.
 *
 * @param consistency when pushes become steps
 * @param onNonFinite what becomes of a step whose gradient is not finite
 * @param rounding of gradient sums, on workers and servers alike
 */
public record Protocol(Consistency consistency, OnNonFinite onNonFinite, Rounding rounding)
    implements Serializable {

  /** Synchronous steps, sums in float32; a gradient that is not finite ends the attempt. */
  public static final Protocol SYNC =
      new Protocol(new Consistency.Sync(), OnNonFinite.STOP, Rounding.NONE);

  /** Checks for null. */
  public Protocol {
    Objects.requireNonNull(consistency, "consistency");
    Objects.requireNonNull(onNonFinite, "onNonFinite");
    Objects.requireNonNull(rounding, "rounding");
  }

  /** With sums in float32. */
  public Protocol(Consistency consistency, OnNonFinite onNonFinite) {
    this(consistency, onNonFinite, Rounding.NONE);
  }

  /** The same with another consistency. */
  public Protocol with(Consistency other) {
    return new Protocol(other, onNonFinite, rounding);
  }

  /** The same with another answer to gradients that are not finite. */
  public Protocol with(OnNonFinite other) {
    return new Protocol(consistency, other, rounding);
  }

  /** The same with another rounding of gradient sums. */
  public Protocol with(Rounding other) {
    return new Protocol(consistency, onNonFinite, other);
  }
}
