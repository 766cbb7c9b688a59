package dev.lockstep.ps.schedule;

import java.util.List;
import java.util.Objects;

/**
 * The schedules that are not DL4J's: PyTorch's (package {@code torch.optim.lr_scheduler}, its
 * closed formulas) and the inverse square root. In formulas t is what {@link Schedule.Clock} counts
 * and {@code initial} the value that the optimizer was given.
 */
public sealed interface PyTorchSchedule extends Schedule {

  /**
   * {@code initial * gamma^(milestones reached)}: PyTorch's {@code MultiStepLR}.
   *
   * @param milestones times from which on the value is lower, in order; one that stands twice
   *     counts twice
   */
  record MultiStep(Clock clock, double initial, double gamma, List<Long> milestones)
      implements PyTorchSchedule {

    /** Checks the values. */
    public MultiStep {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("gamma", gamma);
      milestones = List.copyOf(milestones);
      if (!milestones.equals(milestones.stream().sorted().toList())) {
        throw new IllegalArgumentException(
            "schedule milestones=" + milestones + " must be in ascending order: sort them");
      }
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = clock.time(iteration, epoch);
      int reached = 0;
      while (reached < milestones.size() && milestones.get(reached) <= t) {
        reached++;
      }
      return initial * StrictMath.pow(gamma, reached);
    }
  }

  /**
   * {@code end + (initial - end) * (1 + cos(pi * t / length)) / 2}: PyTorch's {@code
   * CosineAnnealingLR} (Loshchilov and Hutter, arXiv 1608.03983, without its restarts). As there,
   * the value rises again after {@code length}.
   *
   * @param end value at {@code t = length}
   * @param length times of the way down, at least 1
   */
  record Cosine(Clock clock, double initial, double end, long length) implements PyTorchSchedule {

    /** Checks the values. */
    public Cosine {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("end", end);
      Checks.atLeastOne("length", length);
    }

    @Override
    public double at(long iteration, int epoch) {
      // The remainder keeps the argument small: cos has the period 2 * length.
      long t = clock.time(iteration, epoch) % (2 * length);
      return cosine(initial, end, t / (double) length);
    }
  }

  /**
   * Cosine annealing with warm restarts (Loshchilov and Hutter, arXiv 1608.03983): PyTorch's {@code
   * CosineAnnealingWarmRestarts}. Cycles of {@code first}, {@code first * multiply}, … times, each
   * from {@code initial} down towards {@code end}.
   *
   * @param first length of the first cycle, at least 1
   * @param multiply how much longer each cycle is than the one before, at least 1
   */
  record CosineRestarts(Clock clock, double initial, double end, long first, int multiply)
      implements PyTorchSchedule {

    /** Checks the values. */
    public CosineRestarts {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("end", end);
      Checks.atLeastOne("first", first);
      Checks.atLeastOne("multiply", multiply);
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = clock.time(iteration, epoch);
      long length = first;
      if (multiply == 1) {
        t %= length;
      } else {
        while (t >= length) {
          t -= length;
          length *= multiply;
        }
      }
      return cosine(initial, end, t / (double) length);
    }
  }

  /**
   * {@code end + (initial - end) * (1 - t / length)^power}, then {@code end}: with {@code end = 0}
   * PyTorch's {@code PolynomialLR}.
   *
   * @param end value from {@code t = length} on
   * @param length times of the way down, at least 1
   * @param power above 0; 1 for a straight line
   */
  record PolynomialDecay(Clock clock, double initial, double end, long length, double power)
      implements PyTorchSchedule {

    /** Checks the values. */
    public PolynomialDecay {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("end", end);
      Checks.atLeastOne("length", length);
      Checks.finite("power", power);
      Checks.positive("power", power);
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = Math.min(clock.time(iteration, epoch), length);
      return end + (initial - end) * StrictMath.pow(1 - t / (double) length, power);
    }
  }

  /**
   * A straight line from {@code initial * startFactor} to {@code initial * endFactor}, then the
   * latter: PyTorch's {@code LinearLR}, the usual warm-up.
   *
   * @param length times of the way, at least 1
   */
  record Linear(Clock clock, double initial, double startFactor, double endFactor, long length)
      implements PyTorchSchedule {

    /** Checks the values. */
    public Linear {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("initial", initial);
      Checks.finite("startFactor", startFactor);
      Checks.finite("endFactor", endFactor);
      Checks.atLeastOne("length", length);
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = Math.min(clock.time(iteration, epoch), length);
      return initial * (startFactor + (endFactor - startFactor) * (t / (double) length));
    }
  }

  /**
   * One cycle (Smith and Topin, arXiv 1708.07120) in the two phases of PyTorch's {@code OneCycleLR}
   * (without {@code three_phase}): from {@code initial} to {@code peak} at {@code t = rise * length
   * - 1}, then to {@code end} at {@code t = length - 1}, then {@code end}. For the momentum, which
   * goes the other way, initial and end are the high value and peak is the low one.
   *
   * @param length times of the cycle, at least 2
   * @param rise part of the cycle before the peak, so that {@code 1 < rise * length < length}
   * @param anneal shape of both ways
   */
  record OneCycle(
      Clock clock, double initial, double peak, double end, long length, double rise, Anneal anneal)
      implements PyTorchSchedule {

    /** The shape of a way from one value to another. */
    public enum Anneal {
      /** Half a period of a cosine. */
      COS,
      /** A straight line. */
      LINEAR;

      double between(double from, double to, double part) {
        return this == LINEAR ? from + (to - from) * part : cosine(from, to, part);
      }
    }

    /** Checks the values. */
    public OneCycle {
      Objects.requireNonNull(clock, "clock");
      Objects.requireNonNull(anneal, "anneal");
      Checks.finite("initial", initial);
      Checks.finite("peak", peak);
      Checks.finite("end", end);
      if (!(rise * length > 1 && rise < 1)) {
        throw new IllegalArgumentException(
            "schedule rise=%s of length=%d must leave more than 1 time before the peak, and some"
                    .formatted(rise, length)
                + " after it: give a longer cycle, or a rise in (1/length, 1)");
      }
    }

    @Override
    public double at(long iteration, int epoch) {
      long t = Math.min(clock.time(iteration, epoch), length - 1);
      double top = rise * length - 1;
      return t <= top
          ? anneal.between(initial, peak, t / top)
          : anneal.between(peak, end, (t - top) / (length - 1 - top));
    }
  }

  /**
   * {@code peak * min(n / warmUp, sqrt(warmUp / n))} with {@code n = t + 1}: a straight line up to
   * the peak at {@code n = warmUp}, then the inverse square root. Equation 3 of "Attention is all
   * you need" (Vaswani et al., arXiv 1706.03762), whose peak is {@code (width * warmUp)^-0.5}; the
   * peak is given as in fairseq's {@code inverse_sqrt}.
   *
   * @param warmUp times of the warm-up, at least 1
   */
  record InverseSqrt(Clock clock, double peak, long warmUp) implements PyTorchSchedule {

    /** Checks the values. */
    public InverseSqrt {
      Objects.requireNonNull(clock, "clock");
      Checks.finite("peak", peak);
      Checks.atLeastOne("warmUp", warmUp);
    }

    @Override
    public double at(long iteration, int epoch) {
      double n = clock.time(iteration, epoch) + 1.0;
      return peak * Math.min(n / warmUp, StrictMath.sqrt(warmUp / n));
    }
  }

  /** Half a period of a cosine from one value to another; {@code part} 0 to 1 of the way. */
  private static double cosine(double from, double to, double part) {
    return to + (from - to) * (1 + StrictMath.cos(StrictMath.PI * part)) / 2;
  }
}
