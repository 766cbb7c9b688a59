package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How gradients become parameters: the options of {@code train} that choose and tune a mode. */
final class ModeOptions {

  @Option(
      names = "--mode",
      paramLabel = "sync|averaging|ssp|async",
      description =
          "sync: one central optimizer step for each global batch (default). averaging: each"
              + " virtual worker takes local steps, then parameters are averaged. ssp: like sync,"
              + " on parameters that may be --staleness steps old. async: each gradient is a step"
              + " when it arrives. sync, averaging and ssp with --staleness 0 give the same bits on"
              + " every cluster, the others do not.")
  private Mode mode;

  @Option(
      names = "--accumulate",
      paramLabel = "a",
      description =
          "Micro-batches that a virtual worker sums for a step; a step uses V * b * a examples"
              + " (default: 1).")
  private Integer accumulate;

  @Option(
      names = "--average-every",
      paramLabel = "k",
      description = "With --mode averaging: local steps before parameters are averaged.")
  private Integer averageEvery;

  @Option(
      names = "--outer",
      paramLabel = "none|nesterov|block-momentum",
      converter = OuterConverter.class,
      description =
          "With --mode averaging: optimizer of the averaged change (default: none). nesterov is"
              + " DiLoCo's, and the Nesterov form of block momentum; block-momentum is its"
              + " classical form.")
  private Averaging.Outer outer;

  @Option(
      names = "--outer-rate",
      paramLabel = "X",
      description = "Rate of the outer optimizer (default: nesterov 0.7, block-momentum 1).")
  private Double outerRate;

  @Option(
      names = "--outer-momentum",
      paramLabel = "X",
      description = "Its momentum (default: nesterov 0.9, block-momentum 1 - 1/V).")
  private Double outerMomentum;

  @Option(
      names = "--local-state",
      paramLabel = "averaged|kept",
      description =
          "With --mode averaging: whether the local optimizers' state is averaged too or kept by"
              + " each virtual worker (default: averaged).")
  private Averaging.LocalState localState;

  @Option(
      names = "--gradient-compression",
      paramLabel = "none|bfloat16|float16|top-k=R|threshold=X",
      description =
          "Send gradients in 16 bits, or only the part R of greatest elements, or those of at least"
              + " X in the mean of a micro-batch; what is kept back is sent later (default: none).")
  private String compression;

  @Option(
      names = "--post-local-from",
      paramLabel = "STEP|Nepochs",
      converter = RunPointConverter.class,
      description =
          "With --mode averaging: take synchronous steps until then (post-local SGD; default:"
              + " average from the start).")
  private RunPoint postLocalFrom;

  @Option(
      names = "--staleness",
      paramLabel = "s",
      description = "With --mode ssp: steps that parameters may be behind.")
  private Integer staleness;

  @Option(
      names = "--overlap-depth",
      paramLabel = "d",
      description =
          "Push sums of subtrees d levels smaller, while the next is computed; more bytes, the same"
              + " model (default: 0).")
  private Integer pushSplit;

  @Option(
      names = "--on-non-finite",
      paramLabel = "stop|skip|lower:X",
      converter = NonFiniteConverter.class,
      description =
          "When a gradient has a NaN or an infinity: stop; skip that step; or go back to the last"
              + " multiple of --checkpoint-every before it and go on with the learning rate"
              + " multiplied by X, at most eight times (default: stop).")
  private NonFinitePolicy onNonFinite;

  /** Sets what was given. */
  void applyTo(TrainingConfig.Builder config) {
    if (mode != null) {
      config.mode(m -> m.kind(mode));
    }
    if (accumulate != null) {
      config.mode(m -> m.accumulate(accumulate));
    }
    if (compression != null) {
      config.mode(m -> m.gradientCompression(Compression.parse(compression)));
    }
    if (staleness != null) {
      config.mode(m -> m.staleness(staleness));
    }
    if (pushSplit != null) {
      config.mode(m -> m.overlapDepth(pushSplit));
    }
    if (onNonFinite != null) {
      config.optimization(o -> o.onNonFinite(onNonFinite));
    }
    config.mode(
        m -> {
          Averaging given = m.averaging() == null ? Averaging.UNSET : m.averaging();
          Averaging changed = applyTo(given);
          m.averaging(changed.equals(Averaging.UNSET) ? null : changed);
        });
  }

  private Averaging applyTo(Averaging given) {
    Averaging changed = given;
    if (averageEvery != null) {
      changed = changed.withEvery(averageEvery);
    }
    if (outer != null) {
      changed = changed.withOuter(outer);
    }
    if (outerRate != null) {
      changed = changed.withOuterRate(outerRate);
    }
    if (outerMomentum != null) {
      changed = changed.withOuterMomentum(outerMomentum);
    }
    if (localState != null) {
      changed = changed.withLocalState(localState);
    }
    return postLocalFrom != null ? changed.withFrom(postLocalFrom) : changed;
  }

  /** Reads names with hyphens. */
  static final class OuterConverter implements ITypeConverter<Averaging.Outer> {
    @Override
    public Averaging.Outer convert(String value) {
      Set<String> names = new TreeSet<>();
      for (Averaging.Outer one : Averaging.Outer.values()) {
        String name = one.name().toLowerCase(Locale.ROOT).replace('_', '-');
        if (name.equals(value.toLowerCase(Locale.ROOT))) {
          return one;
        }
        names.add(name);
      }
      throw new TypeConversionException("expected one of " + names + " but was '" + value + "'");
    }
  }

  /** Reads what is done about gradients that are not finite. */
  static final class NonFiniteConverter implements ITypeConverter<NonFinitePolicy> {
    @Override
    public NonFinitePolicy convert(String value) {
      try {
        return NonFinitePolicy.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** Reads points of a run. */
  static final class RunPointConverter implements ITypeConverter<RunPoint> {
    @Override
    public RunPoint convert(String value) {
      try {
        return RunPoint.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
