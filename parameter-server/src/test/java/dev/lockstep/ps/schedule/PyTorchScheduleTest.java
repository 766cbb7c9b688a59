package dev.lockstep.ps.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.schedule.PyTorchSchedule.OneCycle.Anneal;
import dev.lockstep.ps.schedule.Schedule.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What the figures of {@link ScheduleTest} do not cover. */
class PyTorchScheduleTest {

  private static final double ROUNDING = 1e-15;

  @Test
  void inverseSqrtFollowsEquationThreeOfAttentionIsAllYouNeed() {
    double width = 512;
    int warmUp = 4000;
    Schedule schedule =
        new PyTorchSchedule.InverseSqrt(
            Clock.ITERATION, StrictMath.pow(width * warmUp, -0.5), warmUp);
    for (int step : new int[] {1, 2, 3999, 4000, 4001, 100_000}) {
      double expected =
          StrictMath.pow(width, -0.5)
              * Math.min(StrictMath.pow(step, -0.5), step * StrictMath.pow(warmUp, -1.5));
      assertEquals(expected, schedule.at(step - 1, 0), 1e-12 * expected, "step " + step);
    }
  }

  @Test
  void momentumCyclesAgainstTheRate() {
    Schedule momentum =
        new PyTorchSchedule.OneCycle(Clock.ITERATION, 0.95, 0.85, 0.95, 20, 0.3, Anneal.LINEAR);
    assertEquals(0.95, momentum.at(0, 0), ROUNDING);
    assertEquals(0.91, momentum.at(2, 0), ROUNDING);
    assertEquals(0.85, momentum.at(5, 0), ROUNDING);
    assertEquals(0.9, momentum.at(12, 0), ROUNDING);
    assertEquals(0.95, momentum.at(19, 0), ROUNDING);
    assertEquals(0.95, momentum.at(200, 0), ROUNDING);
  }

  @Test
  void restartsOfOneLengthRepeat() {
    Schedule schedule = new PyTorchSchedule.CosineRestarts(Clock.EPOCH, 0.2, 0, 4, 1);
    assertEquals(0.1, schedule.at(0, 2), ROUNDING);
    assertEquals(0.2, schedule.at(0, 4), ROUNDING);
    assertEquals(0.1, schedule.at(0, 4_000_002), ROUNDING);
  }

  @Test
  void polynomialEndsAtItsEnd() {
    Schedule schedule = new PyTorchSchedule.PolynomialDecay(Clock.EPOCH, 1, 0.2, 4, 2);
    assertEquals(0.2 + 0.8 * 0.25, schedule.at(0, 2), ROUNDING);
    assertEquals(0.2, schedule.at(0, 4), ROUNDING);
    assertEquals(0.2, schedule.at(0, 40), ROUNDING);
  }

  @Test
  void partsOfASequenceCountFromTheirOwnStart() {
    Schedule warmUp = new PyTorchSchedule.Linear(Clock.ITERATION, 0.4, 0.5, 1, 10);
    Schedule decay = new PyTorchSchedule.Cosine(Clock.EPOCH, 0.4, 0, 4);
    Schedule sequence =
        new ScheduleSequence(
            List.of(
                new ScheduleSequence.Part(100, 5, warmUp),
                new ScheduleSequence.Part(110, 6, decay)));
    assertEquals(0.2, sequence.at(100, 5), ROUNDING);
    assertEquals(0.38, sequence.at(109, 6), ROUNDING);
    assertEquals(0.4, sequence.at(110, 6), ROUNDING);
    assertEquals(0.2, sequence.at(130, 8), ROUNDING);
    assertEquals(0.2, sequence.at(7, 0), ROUNDING, "before its start it is the start");
  }

  @Test
  void scalingMultipliesEveryValue() {
    Schedule cosine = new PyTorchSchedule.Cosine(Clock.ITERATION, 0.4, 0.1, 8);
    Schedule scaled = Schedule.scaled(cosine, 4);
    for (int t = 0; t < 20; t++) {
      assertEquals(4 * cosine.at(t, 0), scaled.at(t, 0), ROUNDING);
    }
    assertEquals(Schedule.fixed(0.5), Schedule.scaled(Schedule.fixed(0.25), 2));
    assertSame(cosine, Schedule.scaled(cosine, 1));
  }

  @Test
  void schedulesSurviveSerialization() throws Exception {
    List<Schedule> schedules =
        List.of(
            new PyTorchSchedule.MultiStep(Clock.EPOCH, 1, 0.5, List.of(3L, 7L)),
            new PyTorchSchedule.Cosine(Clock.EPOCH, 1, 0, 5),
            new PyTorchSchedule.CosineRestarts(Clock.EPOCH, 1, 0, 5, 2),
            new PyTorchSchedule.PolynomialDecay(Clock.EPOCH, 1, 0, 5, 2),
            new PyTorchSchedule.Linear(Clock.EPOCH, 1, 0.1, 1, 5),
            new PyTorchSchedule.OneCycle(Clock.EPOCH, 1, 2, 0, 50, 0.3, Anneal.COS),
            new PyTorchSchedule.InverseSqrt(Clock.EPOCH, 1, 5));
    for (Schedule schedule : schedules) {
      Schedule whole =
          Schedule.scaled(
              new ScheduleSequence(List.of(new ScheduleSequence.Part(1, 0, schedule))), 3);
      assertEquals(whole, Serialized.copy(whole));
    }
  }

  @Test
  void refusesValuesWithoutMeaning() {
    assertEquals(
        "schedule milestones=[7, 3] must be in ascending order: sort them",
        rejection(() -> new PyTorchSchedule.MultiStep(Clock.EPOCH, 1, 0.5, List.of(7L, 3L))));
    assertEquals(
        "schedule length=0 must be >= 1",
        rejection(() -> new PyTorchSchedule.Cosine(Clock.EPOCH, 1, 0, 0)));
    assertEquals(
        "schedule multiply=0 must be >= 1",
        rejection(() -> new PyTorchSchedule.CosineRestarts(Clock.EPOCH, 1, 0, 5, 0)));
    assertEquals(
        "schedule power=-1.0 must be > 0",
        rejection(() -> new PyTorchSchedule.PolynomialDecay(Clock.EPOCH, 1, 0, 5, -1)));
    assertEquals(
        "schedule rise=0.1 of length=10 must leave more than 1 time before the peak, and some"
            + " after it: give a longer cycle, or a rise in (1/length, 1)",
        rejection(() -> new PyTorchSchedule.OneCycle(Clock.EPOCH, 1, 2, 0, 10, 0.1, Anneal.COS)));
    assertEquals(
        "schedule warmUp=0 must be >= 1",
        rejection(() -> new PyTorchSchedule.InverseSqrt(Clock.EPOCH, 1, 0)));
    assertEquals(
        "schedule parts=[] must not be empty: give one",
        rejection(() -> new ScheduleSequence(List.of())));
    assertEquals(
        "schedule part 2 begins at iteration 3 < 5 of the part before it: order them",
        rejection(
            () ->
                new ScheduleSequence(
                    List.of(
                        new ScheduleSequence.Part(5, 0, Schedule.OFF),
                        new ScheduleSequence.Part(3, 0, Schedule.OFF)))));
  }

  private static String rejection(Executable constructor) {
    return assertThrows(IllegalArgumentException.class, constructor).getMessage();
  }
}
