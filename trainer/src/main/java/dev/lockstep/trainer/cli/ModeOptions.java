package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
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
      paramLabel = "sync|averaging",
      description =
          "sync: one central optimizer step for each global batch (default). averaging: each"
              + " virtual worker takes local steps, then parameters are averaged.")
  private TrainingConfig.Mode mode;

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
              + " DiLoCo's, and the Nesterov form of block momentum; block-momentum is its classical"
              + " form.")
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
      names = "--compress",
      paramLabel = "none|bfloat16|float16|top-k=R|threshold=X",
      description =
          "Send gradients in 16 bits, or only the part R of greatest elements, or those of at least"
              + " X in the mean of a micro-batch; what is kept back is sent later (default: none).")
  private String compression;

  /** Sets what was given. */
  void applyTo(TrainingConfig.Builder config) {
    if (mode != null) {
      config.mode(mode);
    }
    if (accumulate != null) {
      config.accumulate(accumulate);
    }
    if (compression != null) {
      config.compression(Compression.parse(compression));
    }
    config.averaging(this::applyTo);
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
    return localState != null ? changed.withLocalState(localState) : changed;
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
}
