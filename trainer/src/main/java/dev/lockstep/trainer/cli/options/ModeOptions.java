package dev.lockstep.trainer.cli.options;

import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.RunPoint;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/** How gradients become parameters. */
@Under(Heading.MODE)
public final class ModeOptions extends SettingOptions {

  @Common
  @Option(
      names = "--virtual-workers",
      paramLabel = "V",
      description =
          "Logical replicas. A step uses V x --batch-size examples. V is part of what"
              + " determines the model (default: 4).")
  void virtualWorkers(Integer value) {
    set(value, (config, v) -> config.mode(m -> m.virtualWorkers(v)));
  }

  @Common
  @Option(
      names = "--mode",
      paramLabel = "sync|averaging|ssp|async",
      description =
          "sync: one optimizer step for each global batch. averaging: local steps, then an average"
              + " of the parameters. ssp: like sync, on parameters up to --staleness steps old."
              + " async: each gradient is a step. Only sync, averaging and ssp with --staleness 0"
              + " give the same bits on every cluster (default: sync).")
  void mode(Mode value) {
    set(value, (config, v) -> config.mode(m -> m.kind(v)));
  }

  @Option(
      names = "--accumulate",
      paramLabel = "A",
      description =
          "Micro-batches that each virtual worker sums for one step. A step then uses A times as"
              + " many examples (default: 1).")
  void accumulate(Integer value) {
    set(value, (config, v) -> config.mode(m -> m.accumulate(v)));
  }

  @Option(
      names = "--average-every",
      paramLabel = "K",
      description = "With --mode averaging, required: local steps between two averages.")
  void averageEvery(Integer value) {
    change(value == null ? null : a -> a.withEvery(value));
  }

  @Option(
      names = "--outer",
      paramLabel = "none|nesterov|block-momentum",
      description =
          "With --mode averaging: optimizer that applies the averaged change. nesterov is"
              + " DiLoCo's;"
              + " block-momentum is that of BMUF (default: none).")
  void outer(Averaging.Outer value) {
    change(value == null ? null : a -> a.withOuter(value));
  }

  @Option(
      names = "--outer-rate",
      paramLabel = "X",
      description =
          "Learning rate of the outer optimizer (default: 0.7 for nesterov, 1 for"
              + " block-momentum).")
  void outerRate(Double value) {
    change(value == null ? null : a -> a.withOuterRate(value));
  }

  @Option(
      names = "--outer-momentum",
      paramLabel = "X",
      description =
          "Momentum of the outer optimizer (default: 0.9 for nesterov, 1 - 1/V for"
              + " block-momentum).")
  void outerMomentum(Double value) {
    change(value == null ? null : a -> a.withOuterMomentum(value));
  }

  @Option(
      names = "--local-state",
      paramLabel = "averaged|kept",
      description =
          "With --mode averaging: average the state of the local optimizers too, or keep it in"
              + " each"
              + " virtual worker (default: averaged).")
  void localState(Averaging.LocalState value) {
    change(value == null ? null : a -> a.withLocalState(value));
  }

  @Option(
      names = "--post-local-from",
      paramLabel = "STEP|Nepochs",
      description =
          "With --mode averaging: take synchronous steps until then (post-local SGD; default: 0).")
  void postLocalFrom(RunPoint value) {
    change(value == null ? null : a -> a.withFrom(value));
  }

  @Option(
      names = "--staleness",
      paramLabel = "S",
      description = "With --mode ssp, required: how many steps old the parameters may be.")
  void staleness(Integer value) {
    set(value, (config, v) -> config.mode(m -> m.staleness(v)));
  }

  @Option(
      names = "--gradient-compression",
      paramLabel = "none|bfloat16|float16|top-k=R|threshold=X",
      description =
          "Send gradients in 16 bits; or only the fraction R of largest elements; or only"
              + " elements of"
              + " magnitude X and more. What top-k and threshold leave out is added to the next"
              + " gradient (default: none).")
  void gradientCompression(Compression value) {
    set(value, (config, v) -> config.mode(m -> m.gradientCompression(v)));
  }

  @Option(
      names = "--overlap-depth",
      paramLabel = "D",
      description =
          "Push gradient sums of subtrees D levels smaller, so that pushing overlaps with"
              + " computing."
              + " Sends more bytes; the model is the same (default: 0).")
  void overlapDepth(Integer value) {
    set(value, (config, v) -> config.mode(m -> m.overlapDepth(v)));
  }

  private void change(UnaryOperator<Averaging> change) {
    set(
        change,
        (config, v) ->
            config.mode(
                m ->
                    m.averaging(v.apply(m.averaging() == null ? Averaging.UNSET : m.averaging()))));
  }
}
