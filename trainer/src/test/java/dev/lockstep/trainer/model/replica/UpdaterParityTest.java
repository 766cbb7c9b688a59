package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.StepTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.Regularization.ApplyStep;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.CycleSchedule;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.SigmoidSchedule;
import org.nd4j.linalg.schedule.StepSchedule;

/** The parameter server's optimizers beside ND4J's own updaters, over the same gradients. */
class UpdaterParityTest {

  private static final int PARAMETERS = 2100;
  private static final int STEPS = 200;
  private static final int STEPS_PER_EPOCH = 50;
  private static final int EXAMPLES = 48;
  private static final double TOLERANCE = 1e-6;
  private static final double[] SCALES = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 0};

  /** The same updater on both sides. */
  private record Pair(String name, IUpdater dl4j, OptimizerSpec lockstep) {}

  /** The same regularization on both sides. */
  private record RegularizationPair(String name, List<Regularization> dl4j, UpdateRule lockstep) {}

  /** The same schedule on both sides. */
  private record SchedulePair(ISchedule dl4j, Schedule lockstep) {}

  @TestFactory
  Stream<DynamicTest> parametersUpdatesAndStateAreThoseOfNd4j() {
    return updaters()
        .flatMap(
            pair ->
                regularizations(pair.lockstep())
                    .map(
                        regularization ->
                            DynamicTest.dynamicTest(
                                pair.name() + ", " + regularization.name(),
                                () -> assertParity(pair, regularization))));
  }

  @TestFactory
  Stream<DynamicTest> soAreThoseOfTheLessUsedUpdaters() {
    return otherUpdaters()
        .map(
            pair ->
                DynamicTest.dynamicTest(
                    pair.name(),
                    () ->
                        regularizations(pair.lockstep())
                            .filter(r -> r.name().equals("weight decay times rate"))
                            .forEach(r -> assertParity(pair, r))));
  }

  @TestFactory
  Stream<DynamicTest> learningRatesFollowNd4jsSchedules() {
    return schedules()
        .map(
            schedule ->
                DynamicTest.dynamicTest(
                    schedule.lockstep().toString(),
                    () ->
                        assertParity(
                            new Pair(
                                "scheduled",
                                new Adam(schedule.dl4j()),
                                new Dl4jOptimizer.Adam(schedule.lockstep(), 0.9, 0.999, 1e-8)),
                            new RegularizationPair("none", List.of(), UpdateRule.of(anySgd())))));
  }

  /** Why a model with AdaBelief is refused. */
  @Test
  void dl4jItselfCannotFitWithAdaBelief() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .updater(new AdaBelief(0.01))
                .list(new OutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
    network.init();
    ArrayIndexOutOfBoundsException failure =
        assertThrows(
            ArrayIndexOutOfBoundsException.class,
            () -> network.fit(Nd4j.create(1, 2), Nd4j.create(new float[][] {{0, 1}})));
    assertEquals(AdaBelief.class.getName(), failure.getStackTrace()[0].getClassName());
  }

  private static Stream<Pair> updaters() {
    Schedule rate = Schedule.fixed(0.01);
    return Stream.of(
        new Pair("Sgd", new Sgd(0.01), new Dl4jOptimizer.Sgd(rate)),
        new Pair(
            "Nesterovs",
            new Nesterovs(0.01, 0.9),
            new Dl4jOptimizer.Nesterovs(rate, Schedule.fixed(0.9))),
        new Pair(
            "Nesterovs with scheduled momentum",
            new Nesterovs(0.01, new ExponentialSchedule(ScheduleType.EPOCH, 0.9, 0.8)),
            new Dl4jOptimizer.Nesterovs(rate, new Dl4jSchedule.Exponential(Clock.EPOCH, 0.9, 0.8))),
        new Pair("Adam", new Adam(0.01), new Dl4jOptimizer.Adam(rate, 0.9, 0.999, 1e-8)),
        new Pair(
            "Adam with other betas and a large epsilon",
            new Adam(0.01, 0.5, 0.9999, 1e-2),
            new Dl4jOptimizer.Adam(rate, 0.5, 0.9999, 1e-2)),
        new Pair(
            "Adam with rate zero",
            new Adam(0.0, 0.9, 0.999, 1e-2),
            new Dl4jOptimizer.Adam(Schedule.OFF, 0.9, 0.999, 1e-2)));
  }

  private static Stream<Pair> otherUpdaters() {
    Schedule rate = Schedule.fixed(0.01);
    return Stream.of(
        new Pair("AMSGrad", new AMSGrad(0.01), new Dl4jOptimizer.AmsGrad(rate, 0.9, 0.999, 1e-8)),
        new Pair("AdaMax", new AdaMax(0.01), new Dl4jOptimizer.AdaMax(rate, 0.9, 0.999, 1e-8)),
        new Pair("Nadam", new Nadam(0.01), new Dl4jOptimizer.Nadam(rate, 0.9, 0.999, 1e-8)),
        new Pair("AdaGrad", new AdaGrad(0.01, 1e-3), new Dl4jOptimizer.AdaGrad(rate, 1e-3)),
        new Pair(
            "RmsProp", new RmsProp(0.01, 0.95, 1e-3), new Dl4jOptimizer.RmsProp(rate, 0.95, 1e-3)),
        new Pair("AdaDelta", new AdaDelta(0.9, 1e-6), new Dl4jOptimizer.AdaDelta(0.9, 1e-6)),
        new Pair("NoOp", new NoOp(), new Dl4jOptimizer.NoOp()));
  }

  private static Stream<RegularizationPair> regularizations(OptimizerSpec optimizer) {
    UpdateRule rule = UpdateRule.of(optimizer);
    Schedule small = Schedule.fixed(1e-2);
    ISchedule decaying = new StepSchedule(ScheduleType.ITERATION, 1e-2, 0.5, 30);
    return Stream.of(
        new RegularizationPair("no regularization", List.of(), rule),
        new RegularizationPair(
            "L1 and L2",
            List.of(new L1Regularization(1e-2), new L2Regularization(1e-2)),
            rule.withL1(small).withL2(small)),
        new RegularizationPair(
            "scheduled L2",
            List.of(new L2Regularization(decaying)),
            rule.withL2(new Dl4jSchedule.Step(Clock.ITERATION, 1e-2, 0.5, 30))),
        new RegularizationPair(
            "weight decay times rate",
            List.of(new WeightDecay(1e-2, true)),
            rule.withWeightDecay(small, WeightDecayScaling.BY_LEARNING_RATE)),
        new RegularizationPair(
            "weight decay alone",
            List.of(new WeightDecay(1e-2, false)),
            rule.withWeightDecay(small, WeightDecayScaling.NONE)));
  }

  private static Stream<SchedulePair> schedules() {
    ScheduleType step = ScheduleType.ITERATION;
    ScheduleType epoch = ScheduleType.EPOCH;
    return Stream.of(
        new SchedulePair(
            new ExponentialSchedule(step, 0.01, 0.99),
            new Dl4jSchedule.Exponential(Clock.ITERATION, 0.01, 0.99)),
        new SchedulePair(
            new ExponentialSchedule(epoch, 0.01, 0.5),
            new Dl4jSchedule.Exponential(Clock.EPOCH, 0.01, 0.5)),
        new SchedulePair(
            new InverseSchedule(step, 0.01, 0.1, 0.75),
            new Dl4jSchedule.Inverse(Clock.ITERATION, 0.01, 0.1, 0.75)),
        new SchedulePair(
            new PolySchedule(step, 0.01, 2, 150),
            new Dl4jSchedule.Polynomial(Clock.ITERATION, 0.01, 2, 150)),
        new SchedulePair(
            new SigmoidSchedule(step, 0.01, 0.05, 80),
            new Dl4jSchedule.Sigmoid(Clock.ITERATION, 0.01, 0.05, 80)),
        new SchedulePair(
            new StepSchedule(step, 0.01, 0.5, 30),
            new Dl4jSchedule.Step(Clock.ITERATION, 0.01, 0.5, 30)),
        new SchedulePair(
            new MapSchedule(step, Map.of(0, 0.01, 60, 0.001)),
            new Dl4jSchedule.Table(Clock.ITERATION, new TreeMap<>(Map.of(0, 0.01, 60, 0.001)))),
        new SchedulePair(
            new CycleSchedule(step, 0.001, 0.01, 90, 10, 0.9),
            new Dl4jSchedule.Cycle(Clock.ITERATION, 0.001, 0.01, 90, 10, 0.9)),
        new SchedulePair(
            new RampSchedule(new ExponentialSchedule(epoch, 0.01, 0.5), 40),
            new Dl4jSchedule.Ramp(new Dl4jSchedule.Exponential(Clock.EPOCH, 0.01, 0.5), 40)));
  }

  private static void assertParity(Pair pair, RegularizationPair regularization) {
    UpdateRule rule = withOptimizer(regularization.lockstep(), pair.lockstep());
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, PARAMETERS)));
    UpdatePlan plan = UpdatePlan.uniform(layout, rule, new Clipping.None());
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, PARAMETERS);

    long stateSize = pair.dl4j().stateSize(PARAMETERS);
    INDArray stateView = stateSize == 0 ? null : Nd4j.create(1, stateSize);
    GradientUpdater<?> updater = instantiate(pair.dl4j(), stateView);

    // Where θ crosses zero, rounding decides its sign: with L1, both sides start each step alike.
    boolean hasKink = !rule.l1().equals(Schedule.OFF);
    Random random = new Random(1);
    float[] theta = gaussian(random);
    INDArray expectedTheta = Nd4j.createFromArray(theta.clone());
    for (int step = 0; step < STEPS; step++) {
      int epoch = step / STEPS_PER_EPOCH;
      float[] sum = gradientSum(random);
      INDArray update = Nd4j.createFromArray(sum.clone());
      update.divi(EXAMPLES);
      dl4jUpdate(pair.dl4j(), updater, regularization.dl4j(), expectedTheta, update, step, epoch);
      expectedTheta.subi(update);

      optimizer.update(theta, sum, 0, PARAMETERS, EXAMPLES, null, StepTime.of(step, epoch));
      assertClose("update of step " + step, update.toFloatVector(), sum);
      if (hasKink) {
        assertClose("parameters after step " + step, expectedTheta.toFloatVector(), theta);
        theta = expectedTheta.toFloatVector();
      }
    }
    assertClose("parameters", expectedTheta.toFloatVector(), theta);
    for (int k = 0; k < optimizer.state().length; k++) {
      float[] expected = new float[PARAMETERS];
      float[] all = stateView.toFloatVector();
      System.arraycopy(all, k * PARAMETERS, expected, 0, PARAMETERS);
      assertClose("state vector " + k, expected, optimizer.state()[k]);
    }
  }

  private static GradientUpdater<?> instantiate(IUpdater config, INDArray stateView) {
    return config.instantiate(stateView, true);
  }

  /** What UpdaterBlock.update does. */
  private static void dl4jUpdate(
      IUpdater config,
      GradientUpdater<?> updater,
      List<Regularization> regularizations,
      INDArray theta,
      INDArray gradient,
      int iteration,
      int epoch) {
    double rate = config.hasLearningRate() ? config.getLearningRate(iteration, epoch) : 1.0;
    for (Regularization regularization : regularizations) {
      if (regularization.applyStep() == ApplyStep.BEFORE_UPDATER) {
        regularization.apply(theta, gradient, rate, iteration, epoch);
      }
    }
    updater.applyUpdater(gradient, iteration, epoch);
    for (Regularization regularization : regularizations) {
      if (regularization.applyStep() == ApplyStep.POST_UPDATER) {
        regularization.apply(theta, gradient, rate, iteration, epoch);
      }
    }
  }

  private static UpdateRule withOptimizer(UpdateRule rule, OptimizerSpec optimizer) {
    return new UpdateRule(
        optimizer,
        rule.l1(),
        rule.l2(),
        rule.weightDecay(),
        rule.weightDecayScaling(),
        rule.division());
  }

  private static OptimizerSpec anySgd() {
    return new Dl4jOptimizer.Sgd(Schedule.OFF);
  }

  /** Relative error in the L2 norm. */
  private static void assertClose(String what, float[] expected, float[] actual) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) expected[i] - actual[i];
      difference += d * d;
      size += (double) expected[i] * expected[i];
    }
    double error = size == 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
    assertTrue(error <= TOLERANCE, () -> what + ": relative error " + error);
  }

  private static float[] gaussian(Random random) {
    float[] values = new float[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Over six orders of magnitude, so that epsilons show; some are always 0. */
  private static float[] gradientSum(Random random) {
    float[] values = new float[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
      values[i] = (float) (random.nextGaussian() * EXAMPLES * SCALES[i % SCALES.length]);
    }
    return values;
  }
}
