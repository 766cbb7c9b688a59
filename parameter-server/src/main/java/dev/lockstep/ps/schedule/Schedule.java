package dev.lockstep.ps.schedule;

import java.io.Serializable;
import java.util.Objects;

/**
 * A hyperparameter as a function of time: learning rate, momentum, a regularization coefficient.
 * Pure; evaluated in float64 with {@link StrictMath} so that every machine gets the same bits.
 *
 * <p>Immutable; crosses from driver to executors.
 */
public sealed interface Schedule extends Serializable
    permits Schedule.Fixed, Schedule.Scaled, Dl4jSchedule, PyTorchSchedule, ScheduleSequence {

  /** Always 0: what is scheduled by it is switched off. */
  Schedule OFF = new Fixed(0);

  /**
   * The value for one optimizer step.
   *
   * @param iteration optimizer steps taken before this one
   * @param epoch epochs completed before this step
   */
  double at(long iteration, int epoch);

  /** The same value always. */
  static Schedule fixed(double value) {
    return new Fixed(value);
  }

  /** A schedule with all of its values multiplied. */
  static Schedule scaled(Schedule base, double factor) {
    if (factor == 1) {
      return base;
    }
    return base instanceof Fixed fixed ? new Fixed(factor * fixed.value) : new Scaled(base, factor);
  }

  /** What a schedule counts. */
  enum Clock {
    /** Optimizer steps. */
    ITERATION,
    /** Epochs. */
    EPOCH;

    long time(long iteration, int epoch) {
      return this == ITERATION ? iteration : epoch;
    }
  }

  /**
   * The same value always.
   *
   * @param value finite
   */
  record Fixed(double value) implements Schedule {

    /** Checks the value. */
    public Fixed {
      Checks.finite("value", value);
    }

    @Override
    public double at(long iteration, int epoch) {
      return value;
    }
  }

  /**
   * Another schedule, multiplied.
   *
   * @param base the other one
   * @param factor finite
   */
  record Scaled(Schedule base, double factor) implements Schedule {

    /** Checks the values. */
    public Scaled {
      Objects.requireNonNull(base, "base");
      Checks.finite("factor", factor);
    }

    @Override
    public double at(long iteration, int epoch) {
      return factor * base.at(iteration, epoch);
    }
  }
}
