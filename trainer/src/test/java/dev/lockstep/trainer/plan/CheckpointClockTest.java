package dev.lockstep.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.loop.StepSchedule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class CheckpointClockTest {

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  @Test
  void checkpointsComeAboutEveryMinuteAtAnySpeed() {
    for (long millis : new long[] {1, 30, 700, 20_000}) {
      List<Long> times =
          times(new StepSchedule(1_000_000, 1, 1), 0, step -> millis * MILLI, 600_000);
      long last = 0;
      for (long time : times) {
        assertTrue(
            Math.abs(time - last - 60_000) <= Math.max(600, 2 * millis),
            "every " + millis + " ms: " + times);
        last = time;
      }
      assertTrue(times.size() >= 8, millis + " ms: " + times);
    }
  }

  @Test
  void aSpeedThatChangesIsFollowed() {
    // Ten times slower from step 30,000 on, which is after 30 s.
    List<Long> times =
        times(
            new StepSchedule(1_000_000, 1, 1),
            0,
            step -> (step < 30_000 ? 1 : 10) * MILLI,
            3_600_000);
    for (int i = 1; i < times.size(); i++) {
      assertTrue(times.get(i) - times.get(i - 1) <= 75_000, times.toString());
    }
    assertTrue(times.size() >= 50, times.toString());
  }

  @Test
  void allWhoAskAfterAStepHearTheSameWheneverTheyAsk() {
    CheckpointClock clock = new CheckpointClock(MINUTE, new StepSchedule(1_000_000, 1, 1));
    CheckpointClock.Answer first = clock.after(0, 0);
    assertEquals(first, clock.after(0, 123_456_789));
    CheckpointClock.Answer second = clock.after(first.step(), 7_000 * MILLI);
    assertEquals(second, clock.after(first.step(), 90_000 * MILLI));
  }

  @Test
  void checkpointsAreTakenAtTheEndOfRounds() {
    StepSchedule schedule = new StepSchedule(103, 1, 10);
    CheckpointClock clock = new CheckpointClock(MINUTE, schedule);
    long step = 20;
    long now = 0;
    for (int i = 0; i < 50; i++) {
      CheckpointClock.Answer answer = clock.after(step, now);
      assertTrue(schedule.isRoundStart(answer.step()), answer.toString());
      assertTrue(answer.step() > step, answer.toString());
      now += (answer.step() - step) * 500 * MILLI;
      step = answer.step();
    }
  }

  /** In milliseconds, of the checkpoints of a run of so many milliseconds. */
  private static List<Long> times(
      StepSchedule schedule, long firstStep, LongUnaryOperator nanosOf, long millis) {
    CheckpointClock clock = new CheckpointClock(MINUTE, schedule);
    List<Long> times = new ArrayList<>();
    long step = firstStep;
    long now = 0;
    while (now < millis * MILLI) {
      CheckpointClock.Answer answer = clock.after(step, now);
      for (; step < answer.step(); step++) {
        now += nanosOf.applyAsLong(step);
      }
      if (answer.takesCheckpoint()) {
        times.add(now / MILLI);
      }
    }
    return times;
  }
}
