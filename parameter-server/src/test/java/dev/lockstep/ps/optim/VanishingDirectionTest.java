package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class VanishingDirectionTest {

  private static final int PARAMETERS = 1000;

  /** The mean of gradients fades faster than that of their squares, so the direction fades away. */
  @Test
  void aLayerWhoseGradientsHaveEndedStaysFinite() {
    Lamb lamb = new Lamb(Schedule.fixed(1e-6), 0.9, 0.999, 1e-6, 0);
    UpdatePlan plan =
        UpdatePlan.uniform(
            new ParameterLayout(List.of(new Block("0_W", 0, 0, PARAMETERS))),
            UpdateRule.of(lamb),
            new Clipping.None());
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, PARAMETERS);
    float[] theta = new float[PARAMETERS];
    Arrays.fill(theta, 50f);
    for (int step = 0; step < 2000; step++) {
      float[] gradient = new float[PARAMETERS];
      Arrays.fill(gradient, step < 10 ? 1e-3f : 0f);
      optimizer.updateWhole(theta, gradient, 1, StepTime.of(step, 0));
    }
    for (float element : theta) {
      assertTrue(Float.isFinite(element), "element=" + element);
    }
  }
}
