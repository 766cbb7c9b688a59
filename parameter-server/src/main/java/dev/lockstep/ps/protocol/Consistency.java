package dev.lockstep.ps.protocol;

import java.io.Serializable;

/**
 * When pushes become steps, and how old the θ may be that a gradient is computed on. Crosses from
 * driver to executors.
 */
public sealed interface Consistency extends Serializable {

  /** How many steps beyond the one in progress a server takes pushes of. */
  int stepsAhead();

  /** A step is made of the pushes of all virtual workers, each computed on the θ before it. */
  record Sync() implements Consistency {

    @Override
    public int stepsAhead() {
      return 0;
    }
  }

  /**
   * Stale synchronous parallel (Ho et al., NIPS 2013): a step is made of the pushes of all virtual
   * workers, but a worker may compute step c on any θ that has taken at least {@code c - staleness}
   * steps. With staleness 0 this is {@link Sync}.
   *
   * @param staleness at least 0
   */
  record Bounded(int staleness) implements Consistency {

    /** Checks the bound. */
    public Bounded {
      if (staleness < 0) {
        throw new IllegalArgumentException(
            "staleness=" + staleness + " < 0: give the number of steps that θ may be behind");
      }
    }

    @Override
    public int stepsAhead() {
      return staleness;
    }
  }

  /**
   * Every push of a virtual worker is an update of its own, made when it arrives. Schedules advance
   * by one when as many pushes have arrived as there are virtual workers.
   *
   * @param examplesPerStep what gradient sums are divided by: examples of a full step of all
   *     virtual workers
   */
  record Async(long examplesPerStep) implements Consistency {

    /** Checks the count. */
    public Async {
      if (examplesPerStep < 1) {
        throw new IllegalArgumentException("examplesPerStep=" + examplesPerStep + " must be >= 1");
      }
    }

    @Override
    public int stepsAhead() {
      return Integer.MAX_VALUE;
    }
  }
}
