package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.ps.GoldenFiles;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Lockstep's own optimizers beside PyTorch's, in float64, over the same gradients. */
class PyTorchParityTest {

  private static final double TOLERANCE = 1e-5;

  @TestFactory
  Stream<DynamicTest> everyStepIsPyTorchs() throws IOException {
    return GoldenFiles.cases("optimizers.json").stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.get("name").asText(), () -> assertTrajectory(c, optimizer(c))));
  }

  @Test
  void nadamsProductOfMomentaIsThatOfItsFactors() {
    for (double beta1 : new double[] {0.5, 0.9, 0.999}) {
      for (double decay : new double[] {0, 4e-3, 0.5, 100}) {
        Nadam nadam = new Nadam(Schedule.fixed(1), beta1, 0.999, 1e-8, 0, decay);
        double product = 1;
        for (int t = 1; t <= 3000; t++) {
          product *= nadam.momentum(t);
          assertEquals(product, nadam.momentumProduct(t), Math.max(0x1p-54, 1e-12 * product));
        }
      }
    }
  }

  private static OptimizerSpec optimizer(JsonNode golden) {
    JsonNode options = golden.get("options");
    Schedule rate = Schedule.fixed(options.get("lr").asDouble());
    double decay = options.path("weight_decay").asDouble();
    Schedule momentum = Schedule.fixed(options.path("momentum").asDouble());
    return switch (golden.get("optimizer").asText()) {
      case "SGD" ->
          new Sgd(
              rate,
              momentum,
              options.path("dampening").asDouble(),
              options.path("nesterov").asBoolean() ? Sgd.Form.NESTEROV : Sgd.Form.CLASSIC,
              decay);
      case "Adagrad" ->
          new AdaGrad(
              rate,
              options.path("lr_decay").asDouble(AdaGrad.DEFAULT.rateDecay()),
              options
                  .path("initial_accumulator_value")
                  .asDouble(AdaGrad.DEFAULT.initialAccumulator()),
              AdaGrad.DEFAULT.epsilon(),
              decay);
      case "RMSprop" ->
          new RmsProp(
              rate,
              options.path("alpha").asDouble(RmsProp.DEFAULT.alpha()),
              RmsProp.DEFAULT.epsilon(),
              options.path("momentum").asDouble(),
              options.path("centered").asBoolean()
                  ? RmsProp.Centering.CENTERED
                  : RmsProp.Centering.NONE,
              decay);
      case "Adadelta" ->
          new AdaDelta(rate, options.get("rho").asDouble(), AdaDelta.DEFAULT.epsilon(), decay);
      case "Adam" ->
          options.path("amsgrad").asBoolean()
              ? new AmsGrad(rate, 0.9, 0.999, AmsGrad.DEFAULT.epsilon(), decay)
              : new Adam(rate, 0.9, 0.999, Adam.DEFAULT.epsilon(), decay);
      case "AdamW" -> new AdamW(rate, 0.9, 0.999, AdamW.DEFAULT.epsilon(), decay);
      case "Adamax" -> new AdaMax(rate, 0.9, 0.999, AdaMax.DEFAULT.epsilon(), decay);
      case "NAdam" ->
          new Nadam(
              rate, 0.9, 0.999, Nadam.DEFAULT.epsilon(), decay, Nadam.DEFAULT.momentumDecay());
      case "RAdam" -> new RAdam(rate, 0.9, 0.999, RAdam.DEFAULT.epsilon(), decay);
      default -> throw new IllegalArgumentException("no counterpart of " + golden.get("optimizer"));
    };
  }

  private static void assertTrajectory(JsonNode golden, OptimizerSpec optimizer) {
    float[] theta = GoldenFiles.floats(golden.get("params0"));
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, theta.length)));
    UpdatePlan plan = UpdatePlan.uniform(layout, UpdateRule.of(optimizer), new Clipping.None());
    ShardOptimizer shard = new ShardOptimizer(plan, 0, theta.length);
    for (int step = 0; step < golden.get("grads").size(); step++) {
      float[] gradient = GoldenFiles.floats(golden.get("grads").get(step));
      shard.update(theta, gradient, 0, theta.length, 1, null, StepTime.of(step, 0));
      double[] expected = GoldenFiles.doubles(golden.get("params").get(step));
      double difference = 0;
      double size = 0;
      for (int i = 0; i < theta.length; i++) {
        assertEquals(
            expected[i],
            theta[i],
            TOLERANCE * Math.max(0.1, Math.abs(expected[i])),
            "step " + step);
        difference += (expected[i] - theta[i]) * (expected[i] - theta[i]);
        size += expected[i] * expected[i];
      }
      assertEquals(0, Math.sqrt(difference / size), TOLERANCE, "step " + step);
    }
  }
}
