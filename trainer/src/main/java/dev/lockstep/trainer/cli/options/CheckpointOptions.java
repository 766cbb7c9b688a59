package dev.lockstep.trainer.cli.options;

import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.CheckpointInterval;
import picocli.CommandLine.Option;

/** When checkpoints are taken, and how often a failed run starts again from them. */
@Under(Heading.CHECKPOINTS)
public final class CheckpointOptions extends SettingOptions {

  @Common
  @Option(
      names = "--checkpoint-every",
      paramLabel = "INTERVAL",
      description =
          "Interval of checkpoints: 100steps, 1epochs or 10minutes (default: one at the end)."
              + " To resume a run, repeat the command.")
  void every(CheckpointInterval value) {
    set(value, (config, v) -> config.checkpoints(c -> c.every(v)));
  }

  @Option(
      names = "--keep-checkpoints",
      paramLabel = "K",
      description = "Number of newest checkpoints to keep (default: 2).")
  void keep(Integer value) {
    set(value, (config, v) -> config.checkpoints(c -> c.keep(v)));
  }

  @Option(
      names = "--keep-best",
      paramLabel = "loss|accuracy",
      description =
          "Take a checkpoint after every epoch, and also keep the one with the best value of this"
              + " validation metric. Its model becomes best.zip.")
  void keepBest(Plateau.Metric value) {
    set(value, (config, v) -> config.checkpoints(c -> c.keepBest(v)));
  }

  @Option(
      names = "--max-attempts",
      paramLabel = "N",
      description =
          "Stop after N attempts in a row without a new checkpoint; 1 never starts again (default:"
              + " 4).")
  void maxAttempts(Integer value) {
    set(value, (config, v) -> config.checkpoints(c -> c.maxAttempts(v)));
  }
}
