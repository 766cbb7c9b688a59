package dev.lockstep.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepClockTest {

  /** Every end of a round is found again, whatever is left over at the end of an epoch. */
  @ParameterizedTest
  @CsvSource({"1, 1, 1", "12, 1, 1", "11, 2, 3", "11, 2, 4", "7, 3, 1", "10, 1, 20"})
  void serverStepsAreConvertedBack(long microBatches, int accumulate, int roundSteps) {
    StepSchedule schedule = new StepSchedule(microBatches, accumulate, roundSteps);
    StepClock clock = new StepClock(schedule, new PriorTraining(1000, 7));
    long round = 0;
    for (long step = 0; step < 5 * schedule.stepsPerEpoch(); step = schedule.roundEnd(step)) {
      assertEquals(1000 + round, clock.serverStep(step));
      assertEquals(step, clock.runStep(1000 + round));
      assertEquals(1000 + step, clock.iteration(step));
      assertEquals(7 + step / schedule.stepsPerEpoch(), clock.epoch(step));
      round++;
    }
  }
}
