package dev.lockstep.trainer.driver;

import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.EpochDecision;
import dev.lockstep.trainer.metrics.Divergence;
import dev.lockstep.trainer.metrics.EpochMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides after an epoch how the run continues: at which learning rate, and whether it ends. Warns
 * when the loss diverges. Lives on the driver; used by one thread.
 */
final class EpochDecider {

  private static final Logger LOG = LoggerFactory.getLogger(EpochDecider.class);

  private final TrainingConfig config;
  private final TrainingObserver observer;
  private final RunNotes notes;
  private final List<Double> rateScales = new ArrayList<>(List.of(1.0));

  EpochDecider(TrainingConfig config, TrainingObserver observer, RunNotes notes) {
    this.config = config;
    this.observer = observer;
    this.notes = notes;
  }

  /** Takes over the scales of a checkpoint. */
  void rewind(List<Double> saved) {
    rateScales.clear();
    rateScales.addAll(saved);
  }

  /** What the learning rate is multiplied by in an epoch, counted from 0. */
  double rateScale(int epoch) {
    return rateScales.get(Math.min(epoch, rateScales.size() - 1));
  }

  /** The scales up to and including that of the epoch after so many. */
  List<Double> rateScales(int epochsTaken) {
    return rateScales.subList(0, Math.min(rateScales.size(), epochsTaken + 1));
  }

  /**
   * Decides.
   *
   * @param epochs of the run so far, the one just recorded included
   */
  EpochDecision decide(List<EpochMetrics> epochs) {
    warnOfDivergence(epochs);
    double scale = rescale(epochs);
    Optional<String> end = EarlyEnd.reason(config, epochs);
    end.ifPresent(reason -> observer.endsEarly(epochs.size(), reason));
    return new EpochDecision(
        scale, end.isPresent() ? EpochDecision.Outlook.ENDS : EpochDecision.Outlook.GOES_ON);
  }

  /** Once in a row of epochs that diverge. */
  private void warnOfDivergence(List<EpochMetrics> epochs) {
    List<Double> losses = epochs.stream().map(EpochMetrics::meanLoss).toList();
    Optional<String> now = Divergence.of(losses);
    if (now.isPresent() && Divergence.of(losses.subList(0, losses.size() - 1)).isEmpty()) {
      notes.warn(epochs.get(epochs.size() - 1).step(), now.get());
    }
  }

  private double rescale(List<EpochMetrics> epochs) {
    double before = rateScales.get(rateScales.size() - 1);
    String text = config.optimization().optimizer().plateau();
    if (text == null) {
      return before;
    }
    Plateau plateau = Plateau.parse(text);
    double scale = plateau.rateScale(EarlyEnd.values("plateau", plateau.metric(), epochs));
    if (scale != before) {
      LOG.info("plateau after epoch {}: the learning rate is scaled by {}", epochs.size(), scale);
    }
    rateScales.add(scale);
    return scale;
  }
}
