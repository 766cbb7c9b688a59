package dev.lockstep.trainer.config;

import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * How gradients become parameters.
 *
 * @param kind the mode
 * @param virtualWorkers logical replicas, V; part of what determines the model
 * @param accumulate micro-batches that a virtual worker sums for one step, a
 * @param averaging settings of mode {@code averaging}, null in others
 * @param staleness steps that the parameters may be behind in mode {@code ssp}, null in others
 * @param gradientCompression of gradients on their way to the servers
 * @param overlapDepth levels of the tree, below the fewest subtrees that a worker can sum by
 *     itself, at which sums are pushed, so that pushing overlaps with computing; does not change
 *     the model
 */
@ConfigSection
public record ModeConfig(
    @Initializer("DEFAULT_KIND") Mode kind,
    @Initializer("DEFAULT_VIRTUAL_WORKERS") int virtualWorkers,
    @Initializer("DEFAULT_ACCUMULATE") int accumulate,
    Averaging averaging,
    Integer staleness,
    @Initializer("DEFAULT_GRADIENT_COMPRESSION") Compression gradientCompression,
    @Initializer("DEFAULT_OVERLAP_DEPTH") int overlapDepth)
    implements Serializable {

  public static final Mode DEFAULT_KIND = Mode.SYNC;
  public static final int DEFAULT_VIRTUAL_WORKERS = 4;
  public static final int DEFAULT_ACCUMULATE = 1;
  public static final Compression DEFAULT_GRADIENT_COMPRESSION = Compression.NONE;
  public static final int DEFAULT_OVERLAP_DEPTH = 0;

  /** How gradients become parameters. */
  public enum Mode {
    /** One optimizer step for each global batch. */
    SYNC,
    /** Local steps of every virtual worker, then an average of their parameters. */
    AVERAGING,
    /** Synchronous steps of gradients on parameters that are a bounded number of steps old. */
    SSP,
    /** Every gradient is a step of its own when it arrives. */
    ASYNC
  }

  /** Checks the ranges, and that every setting has an effect in the mode. */
  public ModeConfig {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(gradientCompression, "gradientCompression");
    Checks.atLeast("virtualWorkers", virtualWorkers, 1);
    Checks.atLeast("accumulate", accumulate, 1);
    if (kind == Mode.AVERAGING) {
      averaging = (averaging == null ? Averaging.UNSET : averaging).resolved(virtualWorkers);
    } else if (averaging != null) {
      throw new IllegalArgumentException(
          "averageEvery and other settings of averaging without mode=averaging: add --mode"
              + " averaging, or leave --average-every, --outer, --outer-rate, --outer-momentum,"
              + " --local-state and --post-local-from out");
    }
    checkStaleness(kind, staleness);
    checkOverlapDepth(kind, overlapDepth, virtualWorkers);
    if (kind == Mode.AVERAGING && !gradientCompression.equals(Compression.NONE)) {
      throw new IllegalArgumentException(
          "gradientCompression="
              + gradientCompression.text()
              + " with mode=averaging: workers push parameters there, not gradients; leave"
              + " --gradient-compression out");
    }
  }

  private static void checkStaleness(Mode mode, Integer staleness) {
    if (mode == Mode.SSP && staleness == null) {
      throw new IllegalArgumentException(
          "mode=ssp without staleness: give the steps that parameters may be behind with"
              + " --staleness");
    }
    if (mode != Mode.SSP && staleness != null) {
      throw new IllegalArgumentException(
          "staleness=" + staleness + " without mode=ssp: add --mode ssp, or leave it out");
    }
    if (staleness != null && staleness < 0) {
      throw new IllegalArgumentException(
          "staleness=" + staleness + " < 0: give the steps that parameters may be behind");
    }
  }

  private static void checkOverlapDepth(Mode mode, int overlapDepth, int virtualWorkers) {
    Checks.atLeast("overlapDepth", overlapDepth, 0);
    if (overlapDepth > 0 && mode == Mode.ASYNC) {
      throw new IllegalArgumentException(
          "overlapDepth="
              + overlapDepth
              + " with mode=async: every gradient is pushed by itself already; leave"
              + " --overlap-depth out");
    }
    int levels = 32 - Integer.numberOfLeadingZeros(virtualWorkers - 1);
    if (overlapDepth > levels) {
      throw new IllegalArgumentException(
          "overlapDepth="
              + overlapDepth
              + " > "
              + levels
              + " levels of the tree over virtualWorkers="
              + virtualWorkers
              + ": lower --overlap-depth");
    }
  }

  /** Whether the bits of a step do not depend on timing. */
  boolean givesSameBits() {
    return kind != Mode.ASYNC && !(kind == Mode.SSP && staleness > 0);
  }

  /** The mode as it is written. */
  String text() {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
