package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import java.util.Arrays;
import picocli.CommandLine.Option;

/** Which examples a step uses, and how they are changed at random. */
@Under(Heading.DATA)
public final class TrainingDataOptions extends SettingOptions {

  @Common
  @Option(
      names = "--batch-size",
      paramLabel = "B",
      description = "Examples of one virtual worker's micro-batch (default: 32).")
  void batchSize(Integer value) {
    set(value, (config, v) -> config.data(d -> d.batchSize(v)));
  }

  @Common
  @Option(
      names = "--validation-fraction",
      paramLabel = "F",
      description = "Fraction of the examples to hold out for validation (default: 0).")
  void validationFraction(Double value) {
    set(value, (config, v) -> config.data(d -> d.validationFraction(v)));
  }

  @Option(
      names = "--augment",
      paramLabel = "flip|crop:PIXELS|noise:SIGMA,...",
      description =
          "Change each training example at random in every epoch, in this order. flip mirrors each"
              + " image with probability 1/2; crop shifts it by up to PIXELS; noise adds normal"
              + " noise.")
  void augment(String value) {
    set(
        value,
        (config, v) ->
            config.data(
                d ->
                    d.augmentation(
                        Arrays.stream(v.split(",", -1)).map(Augmentation::parse).toList())));
  }
}
