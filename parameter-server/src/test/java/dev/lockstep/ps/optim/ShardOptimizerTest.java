package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.ps.GoldenFiles;
import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.Clipping.Mode;
import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.StepTime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

class ShardOptimizerTest {

  private static final Schedule RATE = Schedule.fixed(0.05);
  private static final OptimizerSpec SGD = new Dl4jOptimizer.Sgd(RATE);
  private static final OptimizerSpec NESTEROVS =
      new Dl4jOptimizer.Nesterovs(RATE, Schedule.fixed(0.9));
  private static final OptimizerSpec ADAM = new Dl4jOptimizer.Adam(RATE, 0.9, 0.999, 1e-8);
  private static final List<OptimizerSpec> ALL =
      List.of(
          SGD,
          NESTEROVS,
          ADAM,
          new Dl4jOptimizer.AmsGrad(RATE, 0.9, 0.999, 1e-8),
          new Dl4jOptimizer.AdaMax(RATE, 0.9, 0.999, 1e-8),
          new Dl4jOptimizer.Nadam(RATE, 0.9, 0.999, 1e-8),
          new Dl4jOptimizer.AdaGrad(RATE, 1e-6),
          new Dl4jOptimizer.RmsProp(RATE, 0.95, 1e-8),
          new Dl4jOptimizer.AdaDelta(0.95, 1e-6),
          new Dl4jOptimizer.NoOp(),
          Sgd.DEFAULT,
          new Sgd(RATE, Schedule.fixed(0.9), 0.1, Sgd.Form.CLASSIC, 0.01),
          new Sgd(RATE, Schedule.fixed(0.9), 0, Sgd.Form.NESTEROV, 0),
          AdaGrad.DEFAULT,
          RmsProp.DEFAULT,
          new RmsProp(RATE, 0.9, 1e-8, 0.9, RmsProp.Centering.CENTERED, 0.01),
          AdaDelta.DEFAULT,
          Adam.DEFAULT,
          AmsGrad.DEFAULT,
          AdamW.DEFAULT,
          AdaMax.DEFAULT,
          Nadam.DEFAULT,
          RAdam.DEFAULT,
          Lion.DEFAULT,
          Lamb.DEFAULT,
          Lars.DEFAULT);

  private static final UpdateRule STATISTICS = UpdateRule.of(new OptimizerSpec.Assign());
  private static final Clipping NOT_CLIPPED = new Clipping.None();
  private static final long EXAMPLES = 7;
  private static final int STEPS = 4;

  /** Blocks that straddle chunks and share them, each with another rule. */
  private static final ParameterLayout MIXED =
      layout(5000, 77, 8, 8, 3 * ShardLayout.CHUNK, 1, 9000);

  private static final List<UpdateRule> MIXED_RULES =
      List.of(
          UpdateRule.of(ADAM).withL2(Schedule.fixed(1e-2)),
          UpdateRule.of(SGD),
          STATISTICS,
          STATISTICS,
          UpdateRule.of(NESTEROVS)
              .withWeightDecay(Schedule.fixed(0.1), WeightDecayScaling.BY_LEARNING_RATE),
          UpdateRule.of(NESTEROVS).withDivision(Division.NONE),
          UpdateRule.of(ADAM)
              .withL1(Schedule.fixed(1e-3))
              .withWeightDecay(Schedule.fixed(1e-3), WeightDecayScaling.NONE));

  private static final List<Clipping> CLIPPINGS =
      List.of(
          NOT_CLIPPED,
          new Clipping.ByValue(0.05),
          new Clipping.GlobalNorm(1),
          new Clipping.ByLayer(
              List.of(
                  new LayerNormalization(0, Mode.CLIP_L2_PER_LAYER, 0.5),
                  new LayerNormalization(4, Mode.RENORMALIZE_L2_PER_PARAM_TYPE, 0),
                  new LayerNormalization(6, Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE, 0.01))));

  @Test
  void anyNumberOfShardsGivesTheSameBits() {
    for (Clipping clipping : CLIPPINGS) {
      UpdatePlan plan = new UpdatePlan(MIXED, MIXED_RULES, clipping);
      float[] expected = train(plan, 1, Integer.MAX_VALUE);
      for (int shards = 2; shards <= 9; shards++) {
        assertArrayEquals(expected, train(plan, shards, Integer.MAX_VALUE));
      }
    }
  }

  @Test
  void everyOptimizerGivesTheSameBitsOnAnyCut() {
    for (OptimizerSpec optimizer : ALL) {
      UpdatePlan plan =
          UpdatePlan.uniform(layout(4000, 5001), UpdateRule.of(optimizer), NOT_CLIPPED);
      assertArrayEquals(
          train(plan, 1, Integer.MAX_VALUE, 100),
          train(plan, 3, 1000, 100),
          () -> "100 steps of " + optimizer);
    }
  }

  @Test
  void anySlicingIntoCallsGivesTheSameBits() {
    for (Clipping clipping : CLIPPINGS) {
      UpdatePlan plan = new UpdatePlan(MIXED, MIXED_RULES, clipping);
      float[] expected = train(plan, 1, Integer.MAX_VALUE);
      for (int slice : new int[] {997, ShardLayout.CHUNK, 3 * ShardLayout.CHUNK}) {
        assertArrayEquals(expected, train(plan, 2, slice));
      }
    }
  }

  @Test
  void aBlockIsUpdatedAsIfItWereAlone() {
    UpdatePlan plan = new UpdatePlan(MIXED, MIXED_RULES, NOT_CLIPPED);
    float[] together = train(plan, 1, Integer.MAX_VALUE);
    for (int b = 0; b < MIXED_RULES.size(); b++) {
      Block block = MIXED.blocks().get(b);
      UpdatePlan alone =
          UpdatePlan.uniform(layout(block.length()), MIXED_RULES.get(b), NOT_CLIPPED);
      ShardOptimizer optimizer = new ShardOptimizer(alone, 0, block.length());
      float[] theta = Arrays.copyOfRange(initial(MIXED), block.offset(), block.end());
      for (int step = 0; step < STEPS; step++) {
        float[] sum = Arrays.copyOfRange(gradientSum(MIXED, step), block.offset(), block.end());
        optimizer.update(theta, sum, 0, theta.length, EXAMPLES, null, StepTime.of(step, 0));
      }
      assertArrayEquals(Arrays.copyOfRange(together, block.offset(), block.end()), theta);
    }
  }

  @Test
  void appliesDl4jsOrderOfOperations() {
    Schedule l1 = Schedule.fixed(0.01);
    Schedule l2 = Schedule.fixed(0.03);
    Schedule decay = Schedule.fixed(0.2);
    for (OptimizerSpec optimizer : List.of(SGD, NESTEROVS, ADAM)) {
      for (WeightDecayScaling scaling : WeightDecayScaling.values()) {
        UpdateRule rule =
            UpdateRule.of(optimizer).withL1(l1).withL2(l2).withWeightDecay(decay, scaling);
        ParameterLayout layout = layout(3000);
        UpdatePlan plan = UpdatePlan.uniform(layout, rule, new Clipping.ByValue(0.1));
        double coefficient = 0.2 * (scaling == WeightDecayScaling.NONE ? 1 : 0.05);
        assertClose(
            reference(optimizer, layout, 0.1, 0.01, 0.03, coefficient),
            train(plan, 1, Integer.MAX_VALUE));
      }
    }
  }

  @Test
  void signOfL1IsZeroAtZeroAndOneAtTheSmallestNumber() {
    float[] theta = {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, 3e38f, -1f};
    UpdateRule rule =
        UpdateRule.of(new Dl4jOptimizer.Sgd(Schedule.fixed(1))).withL1(Schedule.fixed(0.5));
    UpdatePlan plan = UpdatePlan.uniform(layout(6), rule, NOT_CLIPPED);
    new ShardOptimizer(plan, 0, 6).update(theta, new float[6], 0, 6, 1, null, StepTime.of(0, 0));
    assertArrayEquals(new float[] {0, 0, -0.5f, 0.5f, 3e38f, -0.5f}, theta, 0f);
  }

  @Test
  void statisticsMoveByTheirAverageAlone() {
    ParameterLayout layout = layout(1000, 10);
    for (Clipping clipping : List.of(new Clipping.ByValue(0.01), new Clipping.GlobalNorm(0.01))) {
      UpdatePlan plan = new UpdatePlan(layout, List.of(UpdateRule.of(SGD), STATISTICS), clipping);
      float[] theta = initial(layout);
      float[] expected = theta.clone();
      float[] sum = gradientSum(layout, 0);
      for (int i = 1000; i < 1010; i++) {
        expected[i] -= sum[i] / EXAMPLES;
      }
      new ShardedOptimizer(plan, 1, Integer.MAX_VALUE)
          .step(theta, sum, EXAMPLES, StepTime.of(0, 0));
      assertArrayEquals(
          Arrays.copyOfRange(expected, 1000, 1010), Arrays.copyOfRange(theta, 1000, 1010));
    }
  }

  @Test
  void undividedSumsAreAppliedAsTheyAre() {
    UpdateRule rule =
        UpdateRule.of(new Dl4jOptimizer.Sgd(Schedule.fixed(1))).withDivision(Division.NONE);
    UpdatePlan plan = UpdatePlan.uniform(layout(2), rule, NOT_CLIPPED);
    float[] theta = {5, 6};
    new ShardOptimizer(plan, 0, 2)
        .update(theta, new float[] {1, 2}, 0, 2, 100, null, StepTime.of(0, 0));
    assertArrayEquals(new float[] {4, 4}, theta);
  }

  @Test
  void hyperparametersFollowTheirSchedules() {
    TreeMap<Integer, Double> fromTwo = new TreeMap<>(Map.of(0, 0.0, 2, 0.5));
    Schedule late = new Dl4jSchedule.Table(Clock.ITERATION, fromTwo);
    Schedule lateEpoch = new Dl4jSchedule.Table(Clock.EPOCH, fromTwo);
    OptimizerSpec one = new Dl4jOptimizer.Sgd(Schedule.fixed(1));
    assertEquals(8f, oneStep(UpdateRule.of(new Dl4jOptimizer.Sgd(late)), 0, 9));
    assertEquals(7.5f, oneStep(UpdateRule.of(new Dl4jOptimizer.Sgd(late)), 2, 0));
    assertEquals(7.5f, oneStep(UpdateRule.of(new Dl4jOptimizer.Sgd(lateEpoch)), 0, 2));
    assertEquals(7f, oneStep(UpdateRule.of(one).withL1(late), 1, 0));
    assertEquals(6.5f, oneStep(UpdateRule.of(one).withL1(late), 2, 0));
    assertEquals(3f, oneStep(UpdateRule.of(one).withL2(late), 2, 0));
    assertEquals(
        3f, oneStep(UpdateRule.of(one).withWeightDecay(late, WeightDecayScaling.NONE), 2, 0));
    UpdateRule scaled =
        UpdateRule.of(new Dl4jOptimizer.Sgd(late))
            .withWeightDecay(Schedule.fixed(0.5), WeightDecayScaling.BY_LEARNING_RATE);
    assertEquals(5.5f, oneStep(scaled, 2, 0));
    // v = -1, u = mu * 0 - (1 + mu) * v.
    assertEquals(
        6.5f, oneStep(UpdateRule.of(new Dl4jOptimizer.Nesterovs(Schedule.fixed(1), late)), 2, 0));
  }

  @Test
  void anAdamRateOfZeroIsReplacedByEpsilonAsInNd4j() {
    OptimizerSpec adam = new Dl4jOptimizer.Adam(Schedule.OFF, 0.9, 0.999, 0.25);
    // m = 0.1, v = 0.001, u = m * epsilon / (sqrt(v) + epsilon).
    float expected = 8 - (float) (0.1 * 0.25 / (Math.sqrt(0.001) + 0.25));
    assertEquals(expected, oneStep(UpdateRule.of(adam), 0, 0), 1e-6);
  }

  @Test
  void onlyTheGivenRangeChanges() {
    UpdatePlan plan = UpdatePlan.uniform(layout(10_000), UpdateRule.of(ADAM), NOT_CLIPPED);
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, 10_000);
    float[] theta = initial(plan.layout());
    float[] before = theta.clone();
    optimizer.update(theta, gradientSum(plan.layout(), 0), 4096, 8192, 1, null, StepTime.of(0, 0));
    for (int i = 0; i < theta.length; i++) {
      boolean inside = i >= 4096 && i < 8192;
      assertEquals(inside, theta[i] != before[i], "element " + i);
      assertEquals(inside, optimizer.state()[0][i] != 0, "element " + i);
    }
  }

  @Test
  void aRestoredOptimizerContinuesWithTheSameBits() {
    UpdatePlan plan = new UpdatePlan(MIXED, MIXED_RULES, NOT_CLIPPED);
    int length = MIXED.parameters();
    float[] theta = initial(MIXED);
    ShardOptimizer first = new ShardOptimizer(plan, 0, length);
    first.update(theta, gradientSum(MIXED, 0), 0, length, EXAMPLES, null, StepTime.of(0, 0));
    first.update(theta, gradientSum(MIXED, 1), 0, length, EXAMPLES, null, StepTime.of(1, 0));
    ShardOptimizer second = new ShardOptimizer(plan, 0, length);
    second.restore(first.state());
    for (int step = 2; step < STEPS; step++) {
      second.update(
          theta, gradientSum(MIXED, step), 0, length, EXAMPLES, null, StepTime.of(step, 0));
    }
    assertArrayEquals(train(plan, 1, Integer.MAX_VALUE), theta);
  }

  @Test
  void stateBeginsAsInNd4j() {
    ParameterLayout layout = layout(2, 3, 1);
    List<UpdateRule> rules =
        List.of(
            UpdateRule.of(new Dl4jOptimizer.RmsProp(RATE, 0.9, 0.25)),
            UpdateRule.of(new Dl4jOptimizer.AdaGrad(RATE, 0.25)),
            UpdateRule.of(ADAM));
    UpdatePlan plan = new UpdatePlan(layout, rules, NOT_CLIPPED);
    float[][] expected = {{0.25f, 1e-6f, 1e-6f, 1e-6f, 0}, {0, 0, 0, 0, 0}};
    assertArrayEquals(expected, new ShardOptimizer(plan, 1, 6).state());
  }

  @Test
  void anEmptyShardHasNothingToDo() {
    UpdatePlan plan = UpdatePlan.uniform(layout(10), UpdateRule.of(ADAM), NOT_CLIPPED);
    ShardOptimizer optimizer = new ShardOptimizer(plan, 10, 10);
    optimizer.update(new float[0], new float[0], 0, 0, 1, null, StepTime.of(0, 0));
    assertArrayEquals(new float[2][0], optimizer.state());
  }

  @Test
  void stateVectorsAreThoseOfTheGreediestRule() {
    assertEquals(2, new UpdatePlan(MIXED, MIXED_RULES, NOT_CLIPPED).stateVectors());
    assertEquals(0, UpdatePlan.uniform(MIXED, UpdateRule.of(SGD), NOT_CLIPPED).stateVectors());
  }

  @Test
  void plansSurviveSerialization() throws Exception {
    for (Clipping clipping : CLIPPINGS) {
      UpdatePlan plan = new UpdatePlan(MIXED, MIXED_RULES, clipping);
      assertEquals(plan, Serialized.copy(plan));
    }
    for (OptimizerSpec optimizer : ALL) {
      assertEquals(optimizer, Serialized.copy(optimizer));
    }
  }

  @Test
  void refusesPlansThatDoNotFit() {
    assertEquals(
        "rules=1 != blocks=2: one rule per block",
        rejection(() -> new UpdatePlan(layout(1, 1), List.of(UpdateRule.of(SGD)), NOT_CLIPPED)));
    assertEquals(
        "l1=%s l2=%s weightDecay=%s with optimizer=Assign: statistics are not regularized"
            .formatted(Schedule.OFF, RATE, Schedule.OFF),
        rejection(() -> STATISTICS.withL2(RATE)));
    assertEquals(
        "division=NONE with optimizer=Assign: statistics are averaged over examples",
        rejection(() -> STATISTICS.withDivision(Division.NONE)));
  }

  @Test
  void refusesHyperparametersWithoutMeaning() {
    assertEquals(
        "Adam beta1=1.0 must be in [0, 1)",
        rejection(() -> new Dl4jOptimizer.Adam(RATE, 1, 0.9, 0)));
    assertEquals(
        "Adam beta2=-0.1 must be in [0, 1)",
        rejection(() -> new Dl4jOptimizer.Adam(RATE, 0.9, -0.1, 0)));
    assertEquals(
        "Adam epsilon=NaN must be finite and >= 0",
        rejection(() -> new Dl4jOptimizer.Adam(RATE, 0.9, 0.9, Double.NaN)));
    assertEquals(
        "RmsProp decay=2.0 must be in [0, 1)",
        rejection(() -> new Dl4jOptimizer.RmsProp(RATE, 2, 0)));
    assertEquals(
        "AdaDelta rho=-1.0 must be in [0, 1)", rejection(() -> new Dl4jOptimizer.AdaDelta(-1, 0)));
    assertEquals(
        "AdaGrad epsilon=-1.0 must be finite and >= 0",
        rejection(() -> new Dl4jOptimizer.AdaGrad(RATE, -1)));
  }

  @Test
  void refusesArraysAndRangesOfAnotherShard() {
    UpdatePlan plan = UpdatePlan.uniform(layout(10), UpdateRule.of(ADAM), NOT_CLIPPED);
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, 10);
    assertEquals(
        "theta length=9 and gradientSum length=10 must be 10, the shard's",
        rejection(
            () -> optimizer.update(new float[9], new float[10], 0, 9, 1, null, StepTime.of(0, 0))));
    assertEquals(
        "[from=4, to=11) is not a range of [0, 10)",
        rejection(
            () ->
                optimizer.update(new float[10], new float[10], 4, 11, 1, null, StepTime.of(0, 0))));
    assertEquals(
        "examples=0 must be >= 1: a step without examples has no gradient",
        rejection(
            () ->
                optimizer.update(new float[10], new float[10], 0, 10, 0, null, StepTime.of(0, 0))));
    assertEquals(
        "shard [4, 11) is not a range of [0, parameters=10)",
        rejection(() -> new ShardOptimizer(plan, 4, 11)));
    assertEquals(
        "saved state vectors=1 != 2 of this plan's optimizers",
        rejection(() -> optimizer.restore(new float[1][10])));
    assertEquals(
        "saved state length=9 != length=10 of the shard",
        rejection(() -> optimizer.restore(new float[2][9])));
  }

  @TestFactory
  Stream<DynamicTest> dl4jsFormsAgreeWithPyTorchWhereTheFormulasCoincide() throws IOException {
    return GoldenFiles.cases("optimizers.json").stream()
        .filter(ShardOptimizerTest::isAlsoDl4js)
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.get("name").asText(), () -> assertTrajectory(c, sgdFromPyTorch(c))));
  }

  /** The committed gradients are large beside epsilon, so that its place does not show. */
  @TestFactory
  Stream<DynamicTest> dl4jsAdamAgreesWithPyTorchWhereEpsilonIsNegligible() throws IOException {
    Map<String, UpdateRule> rules =
        Map.of(
            "adam", UpdateRule.of(adam(0.01)),
            "adam_l2", UpdateRule.of(adam(0.01)).withL2(Schedule.fixed(0.1)),
            "adamw",
                UpdateRule.of(adam(0.01))
                    .withWeightDecay(Schedule.fixed(0.1), WeightDecayScaling.BY_LEARNING_RATE));
    return GoldenFiles.committed("optimizers.json").stream()
        .filter(c -> rules.containsKey(c.get("name").asText()))
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.get("name").asText(),
                    () -> assertTrajectory(c, rules.get(c.get("name").asText()))));
  }

  private static OptimizerSpec adam(double rate) {
    return new Dl4jOptimizer.Adam(Schedule.fixed(rate), 0.9, 0.999, 1e-8);
  }

  private static boolean isAlsoDl4js(JsonNode golden) {
    JsonNode options = golden.get("options");
    return golden.get("optimizer").asText().equals("SGD")
        && (!options.has("momentum") || options.path("nesterov").asBoolean());
  }

  private static UpdateRule sgdFromPyTorch(JsonNode golden) {
    JsonNode options = golden.get("options");
    Schedule rate = Schedule.fixed(options.get("lr").asDouble());
    OptimizerSpec optimizer =
        options.has("momentum")
            ? new Dl4jOptimizer.Nesterovs(rate, Schedule.fixed(options.get("momentum").asDouble()))
            : new Dl4jOptimizer.Sgd(rate);
    return UpdateRule.of(optimizer).withL2(Schedule.fixed(options.path("weight_decay").asDouble()));
  }

  private static void assertTrajectory(JsonNode golden, UpdateRule rule) {
    float[] theta = GoldenFiles.floats(golden.get("params0"));
    int length = theta.length;
    UpdatePlan plan = UpdatePlan.uniform(layout(length), rule, NOT_CLIPPED);
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, length);
    for (int step = 0; step < golden.get("grads").size(); step++) {
      float[] gradient = GoldenFiles.floats(golden.get("grads").get(step));
      optimizer.update(theta, gradient, 0, length, 1, null, StepTime.of(step, 0));
      double[] expected = GoldenFiles.doubles(golden.get("params").get(step));
      for (int i = 0; i < length; i++) {
        assertEquals(expected[i], theta[i], 2e-6 * Math.max(1, Math.abs(expected[i])));
      }
    }
  }

  /** What θ = 8 becomes in one step with ĝ = 1. */
  private static float oneStep(UpdateRule rule, long iteration, int epoch) {
    UpdatePlan plan = UpdatePlan.uniform(layout(1), rule, NOT_CLIPPED);
    float[] theta = {8};
    new ShardOptimizer(plan, 0, 1)
        .update(theta, new float[] {2}, 0, 1, 2, null, StepTime.of(iteration, epoch));
    return theta[0];
  }

  /** DL4J's update in float64, step by step and element by element. */
  private static double[] reference(
      OptimizerSpec optimizer,
      ParameterLayout layout,
      double limit,
      double l1,
      double l2,
      double decay) {
    float[] start = initial(layout);
    float[][] sums =
        IntStream.range(0, STEPS).mapToObj(s -> gradientSum(layout, s)).toArray(float[][]::new);
    double[] theta = new double[start.length];
    for (int i = 0; i < theta.length; i++) {
      double p = start[i];
      double m = 0;
      double v = 0;
      for (int step = 0; step < STEPS; step++) {
        double g = sums[step][i] / (double) EXAMPLES;
        g = Math.max(-limit, Math.min(limit, g));
        g += l1 * Math.signum(p) + l2 * p;
        double u;
        if (optimizer.equals(SGD)) {
          u = 0.05 * g;
        } else if (optimizer.equals(NESTEROVS)) {
          double next = 0.9 * v - 0.05 * g;
          u = 0.9 * v - 1.9 * next;
          v = next;
        } else {
          m = 0.9 * m + 0.1 * g;
          v = 0.999 * v + 0.001 * g * g;
          double rate =
              0.05 * Math.sqrt(1 - Math.pow(0.999, step + 1)) / (1 - Math.pow(0.9, step + 1));
          u = m * rate / (Math.sqrt(v) + 1e-8);
        }
        p -= u + decay * p;
      }
      theta[i] = p;
    }
    return theta;
  }

  private static void assertClose(double[] expected, float[] actual) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
      size += expected[i] * expected[i];
    }
    assertEquals(0, Math.sqrt(difference / size), 1e-6);
  }

  private static float[] train(UpdatePlan plan, int shards, int slice) {
    return train(plan, shards, slice, STEPS);
  }

  private static float[] train(UpdatePlan plan, int shards, int slice, int steps) {
    float[] theta = initial(plan.layout());
    ShardedOptimizer optimizer = new ShardedOptimizer(plan, shards, slice);
    for (int step = 0; step < steps; step++) {
      optimizer.step(theta, gradientSum(plan.layout(), step), EXAMPLES, StepTime.of(step, 0));
    }
    return theta;
  }

  private static float[] initial(ParameterLayout layout) {
    return gaussian(layout.parameters(), 1);
  }

  private static float[] gradientSum(ParameterLayout layout, int step) {
    return gaussian(layout.parameters(), 100 + step);
  }

  private static ParameterLayout layout(int... lengths) {
    List<Block> blocks = new ArrayList<>();
    int offset = 0;
    for (int length : lengths) {
      blocks.add(new Block("b" + blocks.size(), blocks.size(), offset, length));
      offset += length;
    }
    return new ParameterLayout(blocks);
  }

  private static float[] gaussian(int length, long seed) {
    Random random = new Random(seed);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static String rejection(Executable call) {
    return assertThrows(IllegalArgumentException.class, call).getMessage();
  }
}
