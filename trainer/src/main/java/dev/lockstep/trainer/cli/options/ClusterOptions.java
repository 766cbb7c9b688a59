package dev.lockstep.trainer.cli.options;

import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** Which executors train, and on which arithmetic. */
@Under(Heading.CLUSTER)
public final class ClusterOptions extends SettingOptions {

  @Common
  @Option(
      names = "--workers",
      paramLabel = "W",
      description =
          "Spark tasks. The number does not change the model (default: one for each slot, at"
              + " most V).")
  void workers(Integer value) {
    set(value, (config, v) -> config.cluster(c -> c.workers(v)));
  }

  @Option(
      names = "--min-workers",
      paramLabel = "M",
      description = "Fewest workers to continue with after executors are lost (default: 1).")
  void minWorkers(Integer value) {
    set(value, (config, v) -> config.cluster(c -> c.minWorkers(v)));
  }

  @Common
  @Option(
      names = "--numeric-profile",
      paramLabel = "PROFILE",
      description =
          "avx2, avx512, generic or native: CPU instruction set and BLAS kernels to use. The"
              + " same profile gives the same bits (default: avx2).")
  void numericProfile(String value) {
    set(value, (config, v) -> config.cluster(c -> c.numericProfile(v)));
  }

  @Option(
      names = "--allow-mixed-bits",
      description =
          "Train even if the executors compute different bits. The run is not reproducible.")
  void allowMixedBits(Boolean value) {
    set(
        value,
        (config, v) -> config.cluster(c -> c.mixedBits(v ? MixedBits.ALLOW : MixedBits.REFUSE)));
  }

  @Option(
      names = "--no-onednn",
      description = "Use DL4J's own convolution kernels, not those of oneDNN.")
  void noOnednn(Boolean value) {
    set(value, (config, v) -> config.cluster(c -> c.kernels(v ? Kernels.BUILTIN : Kernels.ONEDNN)));
  }

  @Option(
      names = "--start-timeout",
      paramLabel = "TIME",
      description = "Longest wait for slots and for all workers to start (default: 5m).")
  void startTimeout(Duration value) {
    set(value, (config, v) -> config.cluster(c -> c.startTimeout(v)));
  }
}
