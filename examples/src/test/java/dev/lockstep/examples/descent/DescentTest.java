package dev.lockstep.examples.descent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.Lamb;
import dev.lockstep.ps.optim.Sgd;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class DescentTest {

  private static final Sgd SGD = Sgd.DEFAULT.withLearningRate(0.25);

  @Test
  void stepsFollowTheGradientFromTheStart() {
    // Of x²/2 + y²: each step leaves 1 - 1/4 of x and 1 - 2/4 of y, exactly in float32.
    List<float[]> path = new Descent(SGD, p -> new float[] {p[0], 2 * p[1]}).path(3, 64, -8);

    assertEquals(4, path.size());
    assertArrayEquals(new float[] {64, -8}, path.get(0));
    assertArrayEquals(new float[] {48, -4}, path.get(1));
    assertArrayEquals(new float[] {36, -2}, path.get(2));
    assertArrayEquals(new float[] {27, -1}, path.get(3));
  }

  @Test
  void theOptimizersStateGoesAlong() {
    Sgd momentum = SGD.withMomentum(0.5, Sgd.Form.CLASSIC);

    List<float[]> path = new Descent(momentum, x -> new float[] {1}).path(3, 0);

    // The buffer is 1, 1.5, 1.75.
    assertArrayEquals(new float[] {-0.25f}, path.get(1));
    assertArrayEquals(new float[] {-0.625f}, path.get(2));
    assertArrayEquals(new float[] {-1.0625f}, path.get(3));
  }

  @Test
  void schedulesCountSteps() {
    Dl4jOptimizer.Sgd halved =
        new Dl4jOptimizer.Sgd(new Dl4jSchedule.Exponential(Clock.ITERATION, 1, 0.5));

    List<float[]> path = new Descent(halved, x -> new float[] {1}).path(3, 0);

    assertArrayEquals(new float[] {-1.75f}, path.get(3));
  }

  @Test
  void layerwiseOptimizersWalkToo() {
    List<float[]> path =
        new Descent(Lamb.DEFAULT, p -> new float[] {p[0], 2 * p[1]}).path(50, 3, 4);

    float[] end = path.get(50);
    assertTrue(Math.hypot(end[0], end[1]) < 5, () -> end[0] + ", " + end[1]);
  }

  @Test
  void whatIsPassedInStaysAsItIs() {
    float[] start = {1};
    float[] constant = {2};

    new Descent(
            SGD,
            point -> {
              point[0] = 100;
              return constant;
            })
        .path(3, start);

    assertArrayEquals(new float[] {1}, start);
    assertArrayEquals(new float[] {2}, constant);
  }

  @Test
  void aGradientOfAnotherLengthIsRefused() {
    Descent descent = new Descent(SGD, x -> new float[] {1, 2});

    assertEquals(
        "gradient of 2 coordinates at a point of 1: return one for each",
        refusal(() -> descent.path(1, 0)));
  }

  @Test
  void aWalkNeedsAStart() {
    Descent descent = new Descent(SGD, x -> x);

    assertEquals(
        "steps=1 and 0 coordinates of the start: must be >= 0 and >= 1",
        refusal(() -> descent.path(1)));
    assertEquals(
        "steps=-1 and 1 coordinates of the start: must be >= 0 and >= 1",
        refusal(() -> descent.path(-1, 0)));
  }

  private static String refusal(Executable call) {
    return assertThrows(IllegalArgumentException.class, call).getMessage();
  }
}
