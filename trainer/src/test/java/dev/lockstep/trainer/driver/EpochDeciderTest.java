package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.EpochDecision;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.RunNote;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EpochDeciderTest {

  private final List<String> observed = new ArrayList<>();
  private final TrainingObserver observer =
      new TrainingObserver() {
        @Override
        public void endsEarly(int epoch, String reason) {
          observed.add("ends after epoch " + epoch + ": " + reason);
        }

        @Override
        public void warning(String text) {
          observed.add(text);
        }
      };
  private final RunNotes notes = new RunNotes(observer);

  private static List<EpochMetrics> epochs(double... losses) {
    List<EpochMetrics> epochs = new ArrayList<>();
    for (double loss : losses) {
      int epoch = epochs.size() + 1;
      epochs.add(new EpochMetrics(epoch, 10L * epoch, 100L * epoch, loss, loss, Double.NaN, 1, 1));
    }
    return epochs;
  }

  private static TrainingConfig.Builder tenEpochs() {
    return TrainingConfig.builder().output(o -> o.folder("out")).optimization(o -> o.epochs(10));
  }

  @Test
  void withoutPlateauOrEarlyStoppingTheRunContinuesAtTheScheduledRate() {
    EpochDecider decider = new EpochDecider(tenEpochs().build(), observer, notes);
    assertEquals(new EpochDecision(1, EpochDecision.Outlook.GOES_ON), decider.decide(epochs(2)));
    assertEquals(List.of(1.0), decider.rateScales(1));
    assertEquals(List.of(), observed);
  }

  @Test
  void theRunEndsWhereTheValidationNoLongerImproves() {
    TrainingConfig config =
        tenEpochs()
            .optimization(o -> o.earlyStopping(EarlyStopping.parse("loss:patience=1")))
            .build();
    EpochDecider decider = new EpochDecider(config, observer, notes);
    assertEquals(EpochDecision.Outlook.GOES_ON, decider.decide(epochs(2)).outlook());
    assertEquals(EpochDecision.Outlook.ENDS, decider.decide(epochs(2, 2)).outlook());
    assertEquals(1, observed.size());
    assertTrue(observed.get(0).startsWith("ends after epoch 2: "), observed.get(0));
  }

  @Test
  void divergenceIsReportedOnceAlsoWhereAnAttemptRepeatsTheEpochs() {
    EpochDecider decider = new EpochDecider(tenEpochs().build(), observer, notes);
    List<EpochMetrics> diverging = epochs(1, 2, 4, 8, 16, 32);
    for (int attempt = 0; attempt < 2; attempt++) {
      for (int n = 1; n <= diverging.size(); n++) {
        decider.decide(diverging.subList(0, n));
      }
    }
    assertEquals(1, observed.size());
    assertEquals(observed, notes.all().stream().map(RunNote::text).toList());
  }
}
