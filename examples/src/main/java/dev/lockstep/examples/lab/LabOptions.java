package dev.lockstep.examples.lab;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Options that every example has. */
final class LabOptions {

  @Option(
      names = "--dir",
      defaultValue = "lockstep-examples",
      paramLabel = "DIR",
      description = "The page goes to DIR/NAME/index.html (default: ${DEFAULT-VALUE}).")
  private Path folder;

  @Option(
      names = "--workers",
      defaultValue = "0",
      paramLabel = "W",
      description =
          "Spark tasks, at most V; does not change the model (default: as many as slots).")
  private int workers;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "S",
      description = "Seed of data, initial parameters and order (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--numeric-profile",
      defaultValue = "${env:LOCKSTEP_NUMERIC_PROFILE:-avx2}",
      paramLabel = "avx2|avx512|generic|native",
      description =
          "CPU instruction set and BLAS kernels; the same profile gives the same bits (default:"
              + " ${DEFAULT-VALUE}).")
  private String numericProfile;

  Path folder() {
    return folder;
  }

  int workers() {
    return workers;
  }

  long seed() {
    return seed;
  }

  String numericProfile() {
    return numericProfile;
  }
}
