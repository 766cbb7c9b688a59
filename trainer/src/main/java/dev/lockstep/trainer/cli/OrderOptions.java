package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.TrainingConfig;
import java.util.List;
import picocli.CommandLine.Option;

/** In which order examples are used, and how they are changed: options of {@code train}. */
final class OrderOptions {

  @Option(
      names = "--shuffle",
      paramLabel = "none|window|full",
      description =
          "window: the blocks, then the examples inside of --shuffle-window (default). full: all"
              + " examples, for which each worker reads all data once or several times an epoch."
              + " none: the order of the file.")
  private Shuffle.Kind shuffle;

  @Option(
      names = "--shuffle-window",
      paramLabel = "N",
      description =
          "With --shuffle window: examples inside which the order is shuffled; 0 for none (default:"
              + " 4096, or 24 blocks where that is more, within 64 MiB).")
  private Integer window;

  @Option(
      names = "--shuffle-memory",
      paramLabel = "SIZE",
      description =
          "With --shuffle full: examples that each worker gathers at a time; more means fewer"
              + " passes over the data, and the same model (default: 256MiB).")
  private String memory;

  @Option(
      names = "--augment",
      paramLabel = "flip|crop:PIXELS|noise:SIGMA",
      split = ",",
      description =
          "Change every training example at random, anew in every epoch, in this order: mirror"
              + " images left to right, move them by up to so many pixels, add normal noise.")
  private List<String> augment;

  /** Sets what was given; a window alone means that shuffle. */
  void applyTo(TrainingConfig.Builder config) {
    if (window != null && shuffle != null && shuffle != Shuffle.Kind.WINDOW) {
      throw new IllegalArgumentException(
          "shuffleWindow="
              + window
              + " without shuffle=window: leave --shuffle-window out, or use --shuffle window");
    }
    if (window != null) {
      config.order(o -> o.shuffle(Shuffle.Kind.WINDOW).window(window));
    }
    if (shuffle != null) {
      config.order(o -> o.shuffle(shuffle));
    }
    if (memory != null) {
      config.order(o -> o.memory(ByteSize.parse(memory)));
    }
    if (augment != null) {
      config.data(d -> d.augmentation(augment.stream().map(Augmentation::parse).toList()));
    }
  }
}
