package dev.lockstep.ps.schedule;

import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The schedules that a DL4J model may carry, with DL4J's formulas (package {@code
 * org.nd4j.linalg.schedule}). {@link Exponential}, {@link Step} and {@link Table} are PyTorch's
 * {@code ExponentialLR}, {@code StepLR} and a constant in pieces as well, and serve for both.
 */
public sealed interface Dl4jSchedule extends Schedule {

  /** {@code initial * gamma^t}. */
  record Exponential(Clock clock, double initial, double gamma) implements Dl4jSchedule {

    /** Checks the values. */
    public Exponential {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("gamma", gamma);
    }

    @Override
    public double at(long iteration, int epoch) {
      return initial * StrictMath.pow(gamma, (double) clock.time(iteration, epoch));
    }
  }

  /** {@code initial / (1 + gamma * t)^power}. */
  record Inverse(Clock clock, double initial, double gamma, double power) implements Dl4jSchedule {

    /** Checks the values. */
    public Inverse {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("gamma", gamma);
      Checks.finite("power", power);
    }

    @Override
    public double at(long iteration, int epoch) {
      return initial / StrictMath.pow(1 + gamma * clock.time(iteration, epoch), power);
    }
  }

  /**
   * {@code initial * (1 + t / end)^power} for {@code t < end}, then 0. The plus sign is DL4J's
   * (PolySchedule.valueAt), although its Javadoc, and others' polynomial decay, have a minus.
   */
  record Polynomial(Clock clock, double initial, double power, int end) implements Dl4jSchedule {

    /** Checks the values. */
    public Polynomial {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("power", power);
      Checks.positive("end", end);
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = clock.time(iteration, epoch);
      return t >= end ? 0 : initial * StrictMath.pow(1 + t / (double) end, power);
    }
  }

  /** {@code initial / (1 + exp(-gamma * (t - middle)))}. */
  record Sigmoid(Clock clock, double initial, double gamma, int middle) implements Dl4jSchedule {

    /** Checks the values. */
    public Sigmoid {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("gamma", gamma);
    }

    @Override
    public double at(long iteration, int epoch) {
      return initial / (1.0 + StrictMath.exp(-gamma * (clock.time(iteration, epoch) - middle)));
    }
  }

  /** {@code initial * decay^floor(t / every)}. */
  record Step(Clock clock, double initial, double decay, double every) implements Dl4jSchedule {

    /** Checks the values. */
    public Step {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("decay", decay);
      Checks.positive("every", every);
    }

    @Override
    public double at(long iteration, int epoch) {
      return initial
          * StrictMath.pow(decay, StrictMath.floor(clock.time(iteration, epoch) / every));
    }
  }

  /**
   * The value of the latest time that has one.
   *
   * @param clock what times count
   * @param values by time; one for time 0, none before
   */
  record Table(Clock clock, SortedMap<Integer, Double> values) implements Dl4jSchedule {

    /** Checks and copies the values. */
    public Table {
      Objects.requireNonNull(clock, "clock");
      values = new TreeMap<>(values);
      if (values.isEmpty() || values.firstKey() != 0) {
        throw new IllegalArgumentException(
            "schedule values=" + values + " must begin at time 0: add a value for 0");
      }
      values.values().forEach(value -> Checks.finite("value", value));
    }

    @Override
    public SortedMap<Integer, Double> values() {
      return new TreeMap<>(values);
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = clock.time(iteration, epoch);
      int key = (int) Math.min(t, Integer.MAX_VALUE - 1);
      return values.get(values.headMap(key + 1).lastKey());
    }
  }

  /**
   * One-cycle policy, repeated: up from {@code initial} to {@code max} and down again in straight
   * lines of {@code (length - annealing) / 2} each, then {@code initial * decay^k}.
   *
   * @param length of a cycle
   * @param annealing last part of a cycle, in which the value decays
   */
  record Cycle(Clock clock, double initial, double max, int length, int annealing, double decay)
      implements Dl4jSchedule {

    /** Checks the values. */
    public Cycle {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("max", max);
      Checks.finite("decay", decay);
      Checks.positive("length", length);
      if (annealing < 0 || annealing > length) {
        throw new IllegalArgumentException(
            "schedule annealing=%d must be in [0, length=%d]".formatted(annealing, length));
      }
    }

    @Override
    public double at(long iteration, int epoch) {
      int leg = (length - annealing) / 2;
      double increment = (max - initial) / leg;
      int position = (int) (clock.time(iteration, epoch) % length);
      if (position < leg) {
        return initial + increment * position;
      }
      if (position < 2 * leg) {
        return max - increment * (position - leg);
      }
      return initial * StrictMath.pow(decay, annealing - (length - position));
    }
  }

  /**
   * Warm-up: {@code (t + 1) / steps} of another schedule until it is reached. Counts iterations,
   * whatever the other one counts.
   */
  record Ramp(Schedule base, int steps) implements Dl4jSchedule {

    /** Checks the values. */
    public Ramp {
      Objects.requireNonNull(base, "base");
      Checks.positive("steps", steps);
    }

    @Override
    public double at(long iteration, int epoch) {
      double value = base.at(iteration, epoch);
      return iteration >= steps - 1 ? value : (iteration + 1) / (double) steps * value;
    }
  }
}
