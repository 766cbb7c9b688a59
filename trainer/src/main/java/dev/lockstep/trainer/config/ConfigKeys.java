package dev.lockstep.trainer.config;

import java.util.Collection;
import java.util.Map;

/** Old keys of configuration files, each with the key that took its place. */
final class ConfigKeys {

  private static final Map<String, String> NEW_NAMES =
      Map.ofEntries(
          Map.entry("epochs", "optimization.epochs"),
          Map.entry("batchSize", "data.batchSize"),
          Map.entry("virtualWorkers", "mode.virtualWorkers"),
          Map.entry("workers", "cluster.workers"),
          Map.entry("seed", "optimization.seed"),
          Map.entry("accumulate", "mode.accumulate"),
          Map.entry("averaging", "mode.averaging"),
          Map.entry("optimizer", "optimization.optimizer"),
          Map.entry("compression", "mode.gradientCompression"),
          Map.entry("staleness", "mode.staleness"),
          Map.entry("pushSplit", "mode.overlapDepth"),
          Map.entry("onNonFinite", "optimization.onNonFinite"),
          Map.entry("shuffle", "order.shuffle"),
          Map.entry("shuffleWindow", "order.window"),
          Map.entry("shuffleMegabytes", "order.memory"),
          Map.entry("augmentation", "data.augmentation"),
          Map.entry("validationFraction", "data.validationFraction"),
          Map.entry("clipNorm", "optimization.clipNorm"),
          Map.entry("clipValue", "optimization.clipValue"),
          Map.entry("checkpointEvery", "checkpoints.every"),
          Map.entry("keepCheckpoints", "checkpoints.keep"),
          Map.entry("keepBest", "checkpoints.keepBest"),
          Map.entry("earlyStopping", "optimization.earlyStopping"),
          Map.entry("maxAttempts", "checkpoints.maxAttempts"),
          Map.entry("minWorkers", "cluster.minWorkers"),
          Map.entry("numericProfile", "cluster.numericProfile"),
          Map.entry("mixedBits", "cluster.mixedBits"),
          Map.entry("kernels", "cluster.kernels"),
          Map.entry("launchTimeout", "cluster.startTimeout"),
          Map.entry("peerTimeout", "cluster.peerTimeout"),
          Map.entry("out", "output.folder"),
          Map.entry("existingOutput", "output.existing"));

  private ConfigKeys() {}

  /** What to write in place of an unknown key. */
  static String remedy(String unknown, Collection<String> known) {
    String renamed = NEW_NAMES.get(unknown);
    return renamed == null
        ? "give one of " + String.join(", ", known)
        : "write " + renamed + " in its place";
  }
}
