package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.TrainingConfig;
import picocli.CommandLine.Option;

/** In which order an epoch uses the examples. */
@Under(Heading.ORDER)
public final class OrderOptions extends SettingOptions {

  @Common
  @Option(
      names = "--shuffle",
      paramLabel = "none|window|full",
      description =
          "window: shuffle the blocks, then the examples within --shuffle-window. full: shuffle all"
              + " examples; each worker reads all data one or more times an epoch. none: keep the"
              + " order of the files (default: window).")
  private Shuffle.Kind shuffle;

  @Option(
      names = "--shuffle-window",
      paramLabel = "N",
      description =
          "Number of examples to shuffle at a time with --shuffle window (default: the larger of"
              + " 4096 and 24 blocks, at most 64 MiB).")
  private Integer window;

  @Option(
      names = "--shuffle-memory",
      paramLabel = "SIZE",
      description =
          "Memory of each worker for --shuffle full. More memory means fewer passes over the data;"
              + " the model is the same (default: 256MiB).")
  void memory(ByteSize value) {
    set(value, (config, v) -> config.order(o -> o.memory(v)));
  }

  /** A window alone means the shuffle that has one. */
  @Override
  public void applyTo(TrainingConfig.Builder config) {
    if (window != null && shuffle != null && shuffle != Shuffle.Kind.WINDOW) {
      throw new IllegalArgumentException(
          "--shuffle-window="
              + window
              + " has no effect without --shuffle window: leave it out, or add --shuffle window");
    }
    set(window, (c, v) -> c.order(o -> o.shuffle(Shuffle.Kind.WINDOW).window(v)));
    set(shuffle, (c, v) -> c.order(o -> o.shuffle(v)));
    super.applyTo(config);
  }
}
