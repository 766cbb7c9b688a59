package dev.lockstep.ps.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.ps.GoldenFiles;
import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.schedule.PyTorchSchedule.OneCycle.Anneal;
import dev.lockstep.ps.schedule.Schedule.Clock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

class ScheduleTest {

  private static final double ROUNDING = 1e-15;

  @Test
  void fixedStaysTheSame() {
    assertEquals(0.25, Schedule.fixed(0.25).at(1_000_000, 9));
    assertEquals(0, Schedule.OFF.at(3, 4));
  }

  @Test
  void exponentialDecaysEveryTime() {
    Schedule schedule = new Dl4jSchedule.Exponential(Clock.ITERATION, 0.8, 0.5);
    assertEquals(0.8, schedule.at(0, 7));
    assertEquals(0.1, schedule.at(3, 7), ROUNDING);
  }

  @Test
  void inverseFollowsItsFormula() {
    Schedule schedule = new Dl4jSchedule.Inverse(Clock.ITERATION, 0.9, 0.5, 2);
    assertEquals(0.9, schedule.at(0, 0));
    assertEquals(0.9 / 6.25, schedule.at(3, 0), ROUNDING);
  }

  @Test
  void polynomialGrowsAsInDl4jAndThenIsZero() {
    Schedule schedule = new Dl4jSchedule.Polynomial(Clock.ITERATION, 0.1, 2, 10);
    assertEquals(0.1, schedule.at(0, 0));
    assertEquals(0.1 * 2.25, schedule.at(5, 0), ROUNDING);
    assertEquals(0.1 * 3.61, schedule.at(9, 0), ROUNDING);
    assertEquals(0, schedule.at(10, 0));
  }

  @Test
  void sigmoidIsHalfInTheMiddle() {
    Schedule schedule = new Dl4jSchedule.Sigmoid(Clock.ITERATION, 0.2, 0.3, 20);
    assertEquals(0.1, schedule.at(20, 0));
    assertEquals(0.2 / (1 + StrictMath.exp(6.0)), schedule.at(0, 0), ROUNDING);
    assertEquals(0.2 / (1 + StrictMath.exp(-3.0)), schedule.at(30, 0), ROUNDING);
  }

  @Test
  void stepDecaysAfterEachStep() {
    Schedule schedule = new Dl4jSchedule.Step(Clock.ITERATION, 0.4, 0.5, 2.5);
    assertEquals(0.4, schedule.at(2, 0));
    assertEquals(0.2, schedule.at(3, 0));
    assertEquals(0.2, schedule.at(4, 0));
    assertEquals(0.1, schedule.at(5, 0));
  }

  @Test
  void tableHoldsTheLatestValue() {
    Schedule schedule =
        new Dl4jSchedule.Table(Clock.ITERATION, new TreeMap<>(Map.of(0, 0.3, 5, 0.2, 6, 0.1)));
    assertEquals(0.3, schedule.at(4, 0));
    assertEquals(0.2, schedule.at(5, 0));
    assertEquals(0.1, schedule.at(6, 0));
    assertEquals(0.1, schedule.at(Long.MAX_VALUE, 0));
  }

  @Test
  void cycleGoesUpAndDownAndDecays() {
    // Legs of (10 - 2) / 2 = 4, increment 0.1.
    Schedule schedule = new Dl4jSchedule.Cycle(Clock.ITERATION, 0.1, 0.5, 10, 2, 0.5);
    double[] expected = {0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05};
    for (int t = 0; t < 30; t++) {
      assertEquals(expected[t % 10], schedule.at(t, 0), ROUNDING, "t=" + t);
    }
  }

  @Test
  void rampWarmsUpOverIterationsWhateverItsBaseCounts() {
    Schedule schedule =
        new Dl4jSchedule.Ramp(new Dl4jSchedule.Exponential(Clock.EPOCH, 0.8, 0.5), 4);
    assertEquals(0.2, schedule.at(0, 0), ROUNDING);
    assertEquals(0.3, schedule.at(2, 1), ROUNDING);
    assertEquals(0.8, schedule.at(3, 0), ROUNDING);
    assertEquals(0.4, schedule.at(100, 1), ROUNDING);
  }

  @Test
  void countsEpochsWhereAskedTo() {
    TreeMap<Integer, Double> values = new TreeMap<>(Map.of(0, 1.0, 2, 0.5));
    assertEquals(0.25, new Dl4jSchedule.Exponential(Clock.EPOCH, 1, 0.5).at(99, 2));
    assertEquals(0.25, new Dl4jSchedule.Inverse(Clock.EPOCH, 1, 1.5, 1).at(99, 2));
    assertEquals(1.5, new Dl4jSchedule.Polynomial(Clock.EPOCH, 1, 1, 4).at(99, 2));
    assertEquals(0.5, new Dl4jSchedule.Sigmoid(Clock.EPOCH, 1, 1, 2).at(99, 2));
    assertEquals(0.5, new Dl4jSchedule.Step(Clock.EPOCH, 1, 0.5, 2).at(99, 2));
    assertEquals(0.5, new Dl4jSchedule.Table(Clock.EPOCH, values).at(99, 2));
    assertEquals(3, new Dl4jSchedule.Cycle(Clock.EPOCH, 1, 5, 10, 2, 1).at(99, 2));
  }

  @Test
  void schedulesSurviveSerialization() throws Exception {
    List<Schedule> schedules =
        List.of(
            Schedule.OFF,
            new Dl4jSchedule.Exponential(Clock.EPOCH, 1, 0.5),
            new Dl4jSchedule.Inverse(Clock.EPOCH, 1, 1.5, 1),
            new Dl4jSchedule.Polynomial(Clock.EPOCH, 1, 1, 4),
            new Dl4jSchedule.Sigmoid(Clock.EPOCH, 1, 1, 2),
            new Dl4jSchedule.Step(Clock.EPOCH, 1, 0.5, 2),
            new Dl4jSchedule.Table(Clock.EPOCH, new TreeMap<>(Map.of(0, 1.0, 2, 0.5))),
            new Dl4jSchedule.Cycle(Clock.EPOCH, 1, 5, 10, 2, 1),
            new Dl4jSchedule.Ramp(Schedule.fixed(3), 2));
    for (Schedule schedule : schedules) {
      assertEquals(schedule, Serialized.copy(schedule));
    }
  }

  @Test
  void refusesValuesWithoutMeaning() {
    assertEquals("schedule value=NaN must be finite", rejection(() -> Schedule.fixed(Double.NaN)));
    assertEquals(
        "schedule gamma=Infinity must be finite",
        rejection(() -> new Dl4jSchedule.Exponential(Clock.EPOCH, 1, Double.POSITIVE_INFINITY)));
    assertEquals(
        "schedule end=0.0 must be > 0",
        rejection(() -> new Dl4jSchedule.Polynomial(Clock.EPOCH, 1, 1, 0)));
    assertEquals(
        "schedule every=-1.0 must be > 0",
        rejection(() -> new Dl4jSchedule.Step(Clock.EPOCH, 1, 1, -1)));
    assertEquals(
        "schedule values={3=1.0} must begin at time 0: add a value for 0",
        rejection(() -> new Dl4jSchedule.Table(Clock.EPOCH, new TreeMap<>(Map.of(3, 1.0)))));
    assertEquals(
        "schedule annealing=11 must be in [0, length=10]",
        rejection(() -> new Dl4jSchedule.Cycle(Clock.EPOCH, 1, 2, 10, 11, 1)));
    assertEquals(
        "schedule steps=0.0 must be > 0", rejection(() -> new Dl4jSchedule.Ramp(Schedule.OFF, 0)));
  }

  @TestFactory
  Stream<DynamicTest> agreesWithPyTorch() throws IOException {
    return GoldenFiles.cases("schedules.json").stream()
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> agreesWithPyTorch(c)));
  }

  private static void agreesWithPyTorch(JsonNode golden) {
    Schedule schedule = fromPyTorch(golden);
    double[] expected = GoldenFiles.doubles(golden.get("lr"));
    for (int t = 0; t < expected.length; t++) {
      assertEquals(expected[t], schedule.at(t, 0), 1e-12 * expected[t], "t=" + t);
    }
  }

  private static Schedule fromPyTorch(JsonNode golden) {
    JsonNode options = golden.get("options");
    double initial = golden.get("lr0").asDouble();
    String kind = golden.get("schedule").asText();
    return switch (kind) {
      case "StepLR" ->
          new Dl4jSchedule.Step(
              Clock.ITERATION,
              initial,
              options.get("gamma").asDouble(),
              options.get("step_size").asInt());
      case "ExponentialLR" ->
          new Dl4jSchedule.Exponential(Clock.ITERATION, initial, options.get("gamma").asDouble());
      case "MultiStepLR" -> {
        List<Long> milestones = new ArrayList<>();
        options.get("milestones").forEach(milestone -> milestones.add(milestone.asLong()));
        yield new PyTorchSchedule.MultiStep(
            Clock.ITERATION, initial, options.get("gamma").asDouble(), milestones);
      }
      case "CosineAnnealingLR" ->
          new PyTorchSchedule.Cosine(
              Clock.ITERATION,
              initial,
              options.path("eta_min").asDouble(0),
              options.get("T_max").asLong());
      case "CosineAnnealingWarmRestarts" ->
          new PyTorchSchedule.CosineRestarts(
              Clock.ITERATION,
              initial,
              options.path("eta_min").asDouble(0),
              options.get("T_0").asLong(),
              options.path("T_mult").asInt(1));
      case "LinearLR" ->
          new PyTorchSchedule.Linear(
              Clock.ITERATION,
              initial,
              options.path("start_factor").asDouble(1.0 / 3),
              options.path("end_factor").asDouble(1),
              options.path("total_iters").asLong(5));
      case "PolynomialLR" ->
          new PyTorchSchedule.PolynomialDecay(
              Clock.ITERATION,
              initial,
              0,
              options.path("total_iters").asLong(5),
              options.path("power").asDouble(1));
      case "OneCycleLR" -> {
        double peak = options.get("max_lr").asDouble();
        double first = peak / options.path("div_factor").asDouble(25);
        yield new PyTorchSchedule.OneCycle(
            Clock.ITERATION,
            first,
            peak,
            first / options.path("final_div_factor").asDouble(1e4),
            options.get("total_steps").asLong(),
            options.path("pct_start").asDouble(0.3),
            options.path("anneal").asText("cos").equals("cos") ? Anneal.COS : Anneal.LINEAR);
      }
      default -> throw new AssertionError("no schedule for " + kind);
    };
  }

  private static String rejection(Executable constructor) {
    return assertThrows(IllegalArgumentException.class, constructor).getMessage();
  }
}
