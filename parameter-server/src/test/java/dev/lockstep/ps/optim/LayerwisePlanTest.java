package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Plans with another optimizer than the model's, and the two passes of the layer-wise ones. */
class LayerwisePlanTest {

  private static final Schedule RATE = Schedule.fixed(0.01);
  private static final long EXAMPLES = 7;
  private static final int STEPS = 100;

  /** Blocks that straddle chunks and share them. */
  private static final ParameterLayout LAYOUT =
      new ParameterLayout(
          List.of(
              new Block("0_W", 0, 0, 5000),
              new Block("0_b", 0, 5000, 77),
              new Block("1_mean", 1, 5077, 16),
              new Block("2_W", 2, 5093, 3 * ShardLayout.CHUNK)));

  private static final UpdatePlan MODELS_OWN =
      new UpdatePlan(
          LAYOUT,
          List.of(
              UpdateRule.of(new Dl4jOptimizer.Sgd(RATE)).withL2(Schedule.fixed(0.02)),
              UpdateRule.of(new Dl4jOptimizer.NoOp()).withL1(Schedule.fixed(0.01)),
              UpdateRule.of(new OptimizerSpec.Assign()),
              UpdateRule.of(new Dl4jOptimizer.Sgd(RATE))
                  .withWeightDecay(Schedule.fixed(0.03), WeightDecayScaling.BY_LEARNING_RATE)),
          new Clipping.GlobalNorm(1));

  private static final List<LayerwiseOptimizer> LAYERWISE = List.of(Lamb.DEFAULT, Lars.DEFAULT);

  @Test
  void hundredStepsGiveTheSameBitsOnAnyCut() {
    for (LayerwiseOptimizer optimizer : LAYERWISE) {
      for (Set<String> vectors : List.of(Set.<String>of(), Set.of("0_b"))) {
        UpdatePlan plan = MODELS_OWN.withOptimizer(optimizer, vectors);
        float[] expected = train(plan, 1, Integer.MAX_VALUE);
        for (int shards = 2; shards <= 6; shards++) {
          assertArrayEquals(expected, train(plan, shards, 997 * shards));
        }
      }
    }
  }

  @Test
  void theOwnerOfAllParametersGetsTheSameBitsInOneCall() {
    for (OptimizerSpec optimizer : List.of(Adam.DEFAULT, Lamb.DEFAULT, Lars.DEFAULT)) {
      UpdatePlan plan = MODELS_OWN.withOptimizer(optimizer);
      float[] theta = gaussian(1);
      ShardOptimizer whole = new ShardOptimizer(plan, 0, LAYOUT.parameters());
      for (int step = 0; step < STEPS; step++) {
        whole.updateWhole(theta, gaussian(100 + step), EXAMPLES, StepTime.of(step, 0));
      }
      assertArrayEquals(train(plan, 3, 4096), theta);
    }
  }

  @Test
  void refusesToMakeAWholeStepOnAPart() {
    ShardOptimizer part = new ShardOptimizer(MODELS_OWN, 0, ShardLayout.CHUNK);
    float[] theta = new float[ShardLayout.CHUNK];
    assertEquals(
        "shard [0, 4096) is not all of [0, parameters=17381): its norms are not those of the step",
        assertThrows(
                IllegalStateException.class,
                () -> part.updateWhole(theta, theta.clone(), 1, StepTime.of(0, 0)))
            .getMessage());
  }

  @Test
  void anotherOptimizerKeepsWhatTheModelSaysBesides() {
    UpdatePlan plan = MODELS_OWN.withOptimizer(AdamW.DEFAULT);
    for (int b = 0; b < plan.rules().size(); b++) {
      UpdateRule before = MODELS_OWN.rules().get(b);
      boolean isStatistic = before.optimizer() instanceof OptimizerSpec.Assign;
      assertEquals(isStatistic ? before : before.withOptimizer(AdamW.DEFAULT), plan.rules().get(b));
    }
    assertEquals(MODELS_OWN.clipping(), plan.clipping());
    assertFalse(plan.isLayerwise());
    assertEquals(0, plan.trustPlan().groups());
  }

  @Test
  void vectorsAreSparedTrustRatioAndWeightDecay() {
    UpdatePlan plan = MODELS_OWN.withOptimizer(Lamb.DEFAULT, Set.of("0_b"));
    assertTrue(plan.isLayerwise());
    assertEquals(4, plan.trustPlan().groups());
    assertEquals(
        new Adam(Lamb.DEFAULT.learningRate(), 0.9, 0.999, 1e-6, 0),
        plan.rules().get(1).optimizer());
    UpdatePlan lars = MODELS_OWN.withOptimizer(Lars.DEFAULT, Set.of("0_b"));
    assertEquals(
        new Sgd(Lars.DEFAULT.learningRate(), Schedule.fixed(0.9), 0, Sgd.Form.CLASSIC, 0),
        lars.rules().get(1).optimizer());
  }

  @Test
  void statisticsMoveByTheirAverageInTheFirstPassAlone() {
    UpdatePlan plan = MODELS_OWN.withOptimizer(Lars.DEFAULT);
    float[] theta = gaussian(1);
    float[] sum = gaussian(2);
    float[] expected = Arrays.copyOfRange(theta, 5077, 5093);
    for (int i = 0; i < expected.length; i++) {
      expected[i] -= sum[5077 + i] / EXAMPLES;
    }
    new ShardedOptimizer(plan, 1, 4096).step(theta, sum, EXAMPLES, StepTime.of(0, 0));
    assertArrayEquals(expected, Arrays.copyOfRange(theta, 5077, 5093));
  }

  @Test
  void theModelsWeightDecayIsSubtractedOnTop() {
    ParameterLayout one = new ParameterLayout(List.of(new Block("0_W", 0, 0, 2)));
    UpdateRule rule =
        UpdateRule.of(new Lamb(Schedule.fixed(0.5), 0.9, 0.999, 0, 0))
            .withWeightDecay(Schedule.fixed(0.25), WeightDecayScaling.BY_LEARNING_RATE);
    UpdatePlan plan = UpdatePlan.uniform(one, rule, new Clipping.None());
    float[] theta = {3, 4};
    // r = (1, 1), trust = 5 / sqrt(2).
    new ShardedOptimizer(plan, 1, 2).step(theta, new float[] {2, 9}, 1, StepTime.of(0, 0));
    double u = 0.5 * 5 / Math.sqrt(2);
    assertEquals(3 - u - 0.125 * 3, theta[0], 1e-5);
    assertEquals(4 - u - 0.125 * 4, theta[1], 1e-5);
  }

  @Test
  void aBlockOfZerosLearns() {
    for (LayerwiseOptimizer optimizer : LAYERWISE) {
      assertEquals(1, optimizer.trust(0, 5));
      assertEquals(1, optimizer.trust(5, 0));
    }
    assertEquals(2.5, Lamb.DEFAULT.trust(5, 2));
    assertEquals(1e-3 * 5 / (2 + 5e-4 * 5), Lars.DEFAULT.trust(5, 2));
  }

  @Test
  void refusesToTakeALayerwiseStepInOnePass() {
    ShardOptimizer optimizer =
        new ShardOptimizer(MODELS_OWN.withOptimizer(Lamb.DEFAULT), 0, LAYOUT.parameters());
    float[] theta = gaussian(1);
    assertEquals(
        "the plan is layer-wise: call computeDirection, join trustPartials of all shards, call"
            + " applyTrust",
        assertThrows(
                IllegalStateException.class,
                () ->
                    optimizer.update(
                        theta, theta.clone(), 0, 10, 1, new double[1], StepTime.of(0, 0)))
            .getMessage());
    assertEquals(
        "trustNorms=[1.0]: this plan needs 6 of them; join the trust partials of all servers first",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    optimizer.applyTrust(
                        theta, theta.clone(), 0, 10, new double[] {1}, StepTime.of(0, 0)))
            .getMessage());
  }

  @Test
  void refusesVectorsThatAreNotBlocks() {
    assertEquals(
        "vectors=[9_b, x] are not blocks of the layout",
        assertThrows(
                IllegalArgumentException.class,
                () -> MODELS_OWN.withOptimizer(Lamb.DEFAULT, Set.of("x", "0_b", "9_b")))
            .getMessage());
  }

  private static float[] train(UpdatePlan plan, int shards, int slice) {
    float[] theta = gaussian(1);
    ShardedOptimizer optimizer = new ShardedOptimizer(plan, shards, slice);
    for (int step = 0; step < STEPS; step++) {
      optimizer.step(theta, gaussian(100 + step), EXAMPLES, StepTime.of(step, 0));
    }
    return theta;
  }

  private static float[] gaussian(long seed) {
    Random random = new Random(seed);
    float[] values = new float[LAYOUT.parameters()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
