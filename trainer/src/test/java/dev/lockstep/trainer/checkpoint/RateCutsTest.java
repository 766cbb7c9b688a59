package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.loop.SyncPoints;
import org.junit.jupiter.api.Test;

class RateCutsTest {

  @Test
  void cutsAddUpFromTheirSteps() {
    RateCuts cuts = RateCuts.NONE.plus(new RateCut(100, 0.5)).plus(new RateCut(40, 0.25));
    assertEquals(1, cuts.scale(39));
    assertEquals(0.25, cuts.scale(40));
    assertEquals(0.25, cuts.scale(99));
    assertEquals(0.125, cuts.scale(100));
    assertEquals("x0.5 from step 100, x0.25 from step 40", cuts.toString());
    assertEquals(1, RateCuts.NONE.scale(7));
  }

  @Test
  void noMoreThanEightAreMade() {
    RateCuts cuts = RateCuts.NONE;
    while (!cuts.isFull()) {
      cuts = cuts.plus(new RateCut(0, 0.5));
    }
    assertEquals(8, cuts.cuts().size());
    assertEquals(1.0 / 256, cuts.scale(0));
    RateCuts full = cuts;
    assertThrows(IllegalArgumentException.class, () -> full.plus(new RateCut(0, 0.5)));
  }

  @Test
  void aRunGoesBackToTheLastCheckpointThatItsIntervalNames() {
    SyncPoints ofSteps = new SyncPoints(new StepSchedule(50, 1, 1), 20, 200);
    assertEquals(0, ofSteps.lastCheckpoint(0));
    assertEquals(0, ofSteps.lastCheckpoint(19));
    assertEquals(20, ofSteps.lastCheckpoint(20));
    assertEquals(20, ofSteps.lastCheckpoint(39));
    assertEquals(0, new SyncPoints(new StepSchedule(50, 1, 1), 0, 200).lastCheckpoint(150));
  }

  @Test
  void goingBackAndGoingOnMeetAtTheSameSteps() {
    for (int roundSteps = 1; roundSteps < 8; roundSteps++) {
      for (int every = 1; every < 30; every++) {
        SyncPoints syncPoints = new SyncPoints(new StepSchedule(23, 1, roundSteps), every, 92);
        long last = 0;
        for (long step = 0; step < 92; step++) {
          assertEquals(last, syncPoints.lastCheckpoint(step), syncPoints + " at " + step);
          assertTrue(syncPoints.nextCheckpoint(last) > step);
          if (syncPoints.nextCheckpoint(last) == step + 1) {
            last = step + 1;
          }
        }
      }
    }
  }
}
