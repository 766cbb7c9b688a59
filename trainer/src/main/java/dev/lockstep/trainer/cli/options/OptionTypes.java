package dev.lockstep.trainer.cli.options;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.DurationText;
import dev.lockstep.trainer.config.EnumText;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.OptimizerText;
import dev.lockstep.trainer.config.RunPoint;
import java.time.Duration;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How the values of options are read that picocli does not know. */
public final class OptionTypes {
  private OptionTypes() {}

  /** Adds them to a command and its subcommands. */
  public static void register(CommandLine line) {
    register(line, Averaging.Outer.class, text -> EnumText.parse(Averaging.Outer.class, text));
    register(line, ByteSize.class, ByteSize::parse);
    register(line, CheckpointInterval.class, CheckpointInterval::parse);
    register(line, Compression.class, Compression::parse);
    register(line, Duration.class, DurationText::parse);
    register(line, EarlyStopping.class, EarlyStopping::parse);
    register(line, NonFinitePolicy.class, NonFinitePolicy::parse);
    register(line, OptimizerText.class, OptimizerText::parse);
    register(line, RunPoint.class, RunPoint::parse);
  }

  private static <T> void register(CommandLine line, Class<T> type, Function<String, T> parse) {
    line.registerConverter(
        type,
        text -> {
          try {
            return parse.apply(text);
          } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
          }
        });
  }
}
