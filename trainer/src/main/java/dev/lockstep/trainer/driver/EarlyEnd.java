package dev.lockstep.trainer.driver;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.EpochMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether a run ends before its last epoch: a function of its configuration and of its epochs'
 * metrics alone, so that whoever asks later finds the same. Lives on the driver.
 */
final class EarlyEnd {

  private EarlyEnd() {}

  /**
   * Why the run ends after these epochs; empty if it goes on, or if they are all it was to have.
   *
   * @param epochs of the run so far
   * @throws TrainingException if the metric that decides cannot be had
   */
  static Optional<String> reason(TrainingConfig config, List<EpochMetrics> epochs) {
    EarlyStopping stopping = config.optimization().earlyStopping();
    if (stopping == null || epochs.isEmpty() || epochs.size() >= config.optimization().epochs()) {
      return Optional.empty();
    }
    return stopping.reasonToStop(values("early stopping", stopping.metric(), epochs));
  }

  /** The same for a run whose newest checkpoint this is. */
  static Optional<String> reason(TrainingConfig config, CheckpointManifest newest) {
    List<EpochMetrics> epochs = newest.progress().epochs();
    boolean endsEpoch = !epochs.isEmpty() && epochs.get(epochs.size() - 1).step() == newest.step();
    return endsEpoch ? reason(config, epochs) : Optional.empty();
  }

  /**
   * The values of a validation metric.
   *
   * @param what asks for them, for messages
   * @throws TrainingException if the labels have none
   */
  static List<Double> values(String what, Plateau.Metric metric, List<EpochMetrics> epochs) {
    List<Double> values = new ArrayList<>();
    for (EpochMetrics epoch : epochs) {
      values.add(
          metric == Plateau.Metric.LOSS ? epoch.validationLoss() : epoch.validationAccuracy());
    }
    if (metric == Plateau.Metric.ACCURACY && values.stream().allMatch(v -> v.isNaN())) {
      throw new TrainingException(
          what + " metric=accuracy, but the labels are not classes: use metric=loss");
    }
    return values;
  }
}
