package dev.lockstep.trainer.cli.options;

import dev.lockstep.trainer.config.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Options that change a configuration: each has one method, which picocli calls. */
public abstract class SettingOptions {

  private final List<Consumer<TrainingConfig.Builder>> changes = new ArrayList<>();

  /** Remembers a value until the configuration file has been read; picocli resets with null. */
  final <T> void set(T value, BiConsumer<TrainingConfig.Builder, T> setting) {
    if (value != null) {
      changes.add(config -> setting.accept(config, value));
    }
  }

  /** Sets what was given. */
  public void applyTo(TrainingConfig.Builder config) {
    changes.forEach(change -> change.accept(config));
  }
}
