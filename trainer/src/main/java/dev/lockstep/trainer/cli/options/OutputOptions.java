package dev.lockstep.trainer.cli.options;

import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import picocli.CommandLine.Option;

/** Where a run's results go, and where its configuration comes from. */
@Under(Heading.OUTPUT)
public final class OutputOptions extends SettingOptions {

  @Common
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the run: a Hadoop URI that driver and executors share.")
  void out(String value) {
    set(value, (config, v) -> config.output(o -> o.folder(v)));
  }

  @Common
  @Option(
      names = "--overwrite",
      description = "Replace the run in --out. Without this option the run is resumed.")
  private boolean overwrite;

  @Option(
      names = "--warm-start",
      description =
          "If data or settings differ from those of the run in --out, start a new run from its"
              + " parameters.")
  private boolean warmStart;

  @Common
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "JSON file of settings; any Hadoop URI. An option wins over the file.")
  private String file;

  @Common
  @Option(
      names = "--print-config",
      description = "Print the resolved settings as JSON for --config, and start nothing.")
  private boolean printConfig;

  public String file() {
    return file;
  }

  public boolean isPrintConfig() {
    return printConfig;
  }

  @Override
  public void applyTo(TrainingConfig.Builder config) {
    if (overwrite && warmStart) {
      throw new IllegalArgumentException(
          "--overwrite and --warm-start exclude each other: give --overwrite to delete the run in"
              + " --out, or --warm-start to start from its parameters");
    }
    if (overwrite || warmStart) {
      set(
          overwrite ? ExistingOutput.REPLACE : ExistingOutput.WARM_START,
          (c, v) -> c.output(o -> o.existing(v)));
    }
    super.applyTo(config);
  }
}
