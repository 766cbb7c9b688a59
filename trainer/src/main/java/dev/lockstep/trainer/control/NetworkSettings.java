package dev.lockstep.trainer.control;

import dev.lockstep.ps.transport.rpc.SparkSetting;
import java.util.Arrays;
import java.util.List;

/** The settings of the network, for the help of commands. */
public final class NetworkSettings {
  private NetworkSettings() {}

  /** A line for each {@code spark.lockstep.…}: its meaning and default. */
  public static List<String> lines() {
    return Arrays.stream(SparkSetting.values())
        .map(
            setting ->
                setting.key()
                    + ": "
                    + setting.description()
                    + " (default: "
                    + setting.standard()
                    + ")")
        .toList();
  }
}
