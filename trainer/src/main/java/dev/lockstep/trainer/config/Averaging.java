package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Locale;

/**
 * Settings of mode {@code averaging}: every virtual worker takes local optimizer steps, then the
 * change of the averaged parameters goes through an outer optimizer. A setting that is null takes
 * its default when the configuration is built.
 *
 * @param every local steps of a round, at least 1; rounds also end with the epoch
 * @param outer the outer optimizer
 * @param outerRate its rate: 0.7 for {@link Outer#NESTEROV}, 1 for {@link Outer#BLOCK_MOMENTUM}
 * @param outerMomentum its momentum: 0.9 for {@link Outer#NESTEROV} (DiLoCo, arXiv 2311.08105), 1 -
 *     1/V for {@link Outer#BLOCK_MOMENTUM} (Chen and Huo 2016)
 * @param localState what becomes of the local optimizers' state
 * @param from where averaging begins, after synchronous steps (post-local SGD, arXiv 1808.07217);
 *     null to average from the start
 */
@ConfigSection
public record Averaging(
    Integer every,
    Outer outer,
    Double outerRate,
    Double outerMomentum,
    LocalState localState,
    RunPoint from)
    implements Serializable, AveragingBuilder.With {

  /** Nothing set. */
  public static final Averaging UNSET = new Averaging(null, null, null, null, null, null);

  /** What is done with the averaged change of the parameters. */
  public enum Outer {
    /** The mean is taken: plain parameter averaging. */
    NONE,
    /**
     * Nesterov momentum on the change: DiLoCo's outer optimizer, and the Nesterov form of block
     * momentum.
     */
    NESTEROV,
    /** Block momentum in its classical form (BMUF). */
    BLOCK_MOMENTUM
  }

  /** What becomes of the local optimizers' state at the end of a round. */
  public enum LocalState {
    /** It is averaged like the parameters; every virtual worker goes on with the mean. */
    AVERAGED,
    /** Every virtual worker keeps its own. */
    KEPT
  }

  /** Checks what is set. */
  @JsonCreator
  public Averaging(
      @JsonProperty("every") Integer every,
      @JsonProperty("outer") Outer outer,
      @JsonProperty("outerRate") Double outerRate,
      @JsonProperty("outerMomentum") Double outerMomentum,
      @JsonProperty("localState") LocalState localState,
      @JsonProperty("from") RunPoint from) {
    if (every != null && every < 1) {
      throw new IllegalArgumentException(
          "averageEvery=" + every + " < 1: give a number of steps with --average-every");
    }
    if (outerRate != null && (!(outerRate > 0) || outerRate.isInfinite())) {
      throw new IllegalArgumentException(
          "outerRate=" + outerRate + " is not a finite number > 0: give a rate such as 0.7");
    }
    if (outerMomentum != null && !(outerMomentum >= 0 && outerMomentum < 1)) {
      throw new IllegalArgumentException(
          "outerMomentum=" + outerMomentum + " is not in [0, 1): give a momentum such as 0.9");
    }
    this.every = every;
    this.outer = outer;
    this.outerRate = outerRate;
    this.outerMomentum = outerMomentum;
    this.localState = localState;
    this.from = from;
  }

  /** Rounds of so many steps, everything else as it comes. */
  public static Averaging every(int steps) {
    return UNSET.withEvery(steps);
  }

  /** With all defaults filled in. */
  Averaging resolved(int virtualWorkers) {
    if (every == null) {
      throw new IllegalArgumentException(
          "mode=averaging without averageEvery: give the steps of a round with --average-every");
    }
    Outer optimizer = outer == null ? Outer.NONE : outer;
    if (optimizer == Outer.NONE && (outerRate != null || outerMomentum != null)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "outerRate=%s and outerMomentum=%s without an outer optimizer: name one with --outer"
                  + " nesterov or --outer block-momentum, or leave them out",
              outerRate,
              outerMomentum));
    }
    LocalState state = localState == null ? LocalState.AVERAGED : localState;
    if (optimizer == Outer.NONE) {
      return new Averaging(every, optimizer, null, null, state, from);
    }
    boolean isNesterov = optimizer == Outer.NESTEROV;
    double rate = isNesterov ? 0.7 : 1;
    double momentum = isNesterov ? 0.9 : 1 - 1.0 / virtualWorkers;
    return new Averaging(
        every,
        optimizer,
        outerRate == null ? Double.valueOf(rate) : outerRate,
        outerMomentum == null ? Double.valueOf(momentum) : outerMomentum,
        state,
        from);
  }
}
