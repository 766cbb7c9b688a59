package dev.lockstep.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.AdaDelta;
import dev.lockstep.ps.optim.AdaGrad;
import dev.lockstep.ps.optim.AdaMax;
import dev.lockstep.ps.optim.Adam;
import dev.lockstep.ps.optim.AdamW;
import dev.lockstep.ps.optim.AmsGrad;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.Lamb;
import dev.lockstep.ps.optim.Lars;
import dev.lockstep.ps.optim.Lion;
import dev.lockstep.ps.optim.Nadam;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.RAdam;
import dev.lockstep.ps.optim.RmsProp;
import dev.lockstep.ps.optim.Sgd;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.PyTorchSchedule;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import dev.lockstep.trainer.config.OptimizerText;
import dev.lockstep.trainer.config.TrainingConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class PlannedUpdatesTest {

  /** 9 epochs of 100 steps. */
  private static final RunLength RUN = new RunLength(0, 0, 100, 9);

  @Test
  void everyOptimizerTakesAllOfItsSettings() {
    Schedule lr = Schedule.fixed(0.5);
    Map<OptimizerName, OptimizerSpec> expected =
        Map.ofEntries(
            Map.entry(
                OptimizerName.SGD, new Sgd(lr, Schedule.fixed(0.11), 0, Sgd.Form.NESTEROV, 0.13)),
            Map.entry(OptimizerName.ADAGRAD, new AdaGrad(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(
                OptimizerName.RMSPROP,
                new RmsProp(lr, 0.11, 0.12, 0.13, RmsProp.Centering.CENTERED, 0.14)),
            Map.entry(OptimizerName.ADADELTA, new AdaDelta(lr, 0.11, 0.12, 0.13)),
            Map.entry(OptimizerName.ADAM, new Adam(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.AMSGRAD, new AmsGrad(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.ADAMW, new AdamW(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.ADAMAX, new AdaMax(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.NADAM, new Nadam(lr, 0.11, 0.12, 0.13, 0.14, 0.15)),
            Map.entry(OptimizerName.RADAM, new RAdam(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.LAMB, new Lamb(lr, 0.11, 0.12, 0.13, 0.14)),
            Map.entry(OptimizerName.LARS, new Lars(lr, 0.11, 0.12, 0.13)),
            Map.entry(OptimizerName.LION, new Lion(lr, 0.11, 0.12, 0.13)));
    for (OptimizerName name : OptimizerName.values()) {
      NavigableMap<String, Double> values = new TreeMap<>();
      int next = 11;
      for (String setting : name.settings()) {
        boolean isSwitch = setting.equals("nesterov") || setting.equals("centered");
        values.put(setting, setting.equals("lr") ? 0.5 : isSwitch ? 1 : next++ / 100.0);
      }
      if (name == OptimizerName.SGD) {
        values.put("dampening", 0.0); // Nesterov's form has none.
      }
      OptimizerText given = new OptimizerText(name, values);
      assertEquals(given, OptimizerText.parse(given.toString()));
      if (name != OptimizerName.NESTEROVS) {
        assertEquals(
            expected.get(name), optimizer(sgdModel(), s -> s.withAlgorithm(given)), name.text());
      }
    }
  }

  @Test
  void whatIsNotGivenHasItsDefault() {
    assertEquals(AdamW.DEFAULT, optimizer(sgdModel(), s -> s.withOptimizer("adamw")));
    assertEquals(Sgd.DEFAULT, optimizer(sgdModel(), s -> s.withOptimizer("sgd")));
  }

  @Test
  void nothingGivenLeavesTheModelAsItIs() {
    UpdatePlan model = plan(new Dl4jOptimizer.Adam(Schedule.fixed(0.1), 0.9, 0.99, 1e-8));
    assertEquals(model, planned(model, s -> s));
  }

  @Test
  void schedulesCountFromTheBaseOfTheOptimizer() {
    UnaryOperator<OptimizerSettings> cosine = s -> s.withLearningRateSchedule("cosine(9epochs)");
    Schedule expected = new PyTorchSchedule.Cosine(Clock.EPOCH, 0.1, 0, 9);
    List<OptimizerSpec> before =
        List.of(
            new Dl4jOptimizer.Sgd(Schedule.fixed(0.1)),
            new Dl4jOptimizer.Nesterovs(Schedule.fixed(0.1), Schedule.fixed(0.9)),
            new Dl4jOptimizer.Adam(Schedule.fixed(0.1), 0.9, 0.99, 1e-8),
            new Dl4jOptimizer.AmsGrad(Schedule.fixed(0.1), 0.9, 0.99, 1e-8),
            new Dl4jOptimizer.AdaMax(Schedule.fixed(0.1), 0.9, 0.99, 1e-8),
            new Dl4jOptimizer.Nadam(Schedule.fixed(0.1), 0.9, 0.99, 1e-8),
            new Dl4jOptimizer.AdaGrad(Schedule.fixed(0.1), 1e-8),
            new Dl4jOptimizer.RmsProp(Schedule.fixed(0.1), 0.9, 1e-8));
    for (OptimizerSpec optimizer : before) {
      OptimizerSpec after = optimizer(plan(optimizer), cosine);
      assertEquals(optimizer.getClass(), after.getClass());
      assertEquals(expected, after.learningRate(), optimizer.toString());
      assertEquals(optimizer.stateVectors(), after.stateVectors());
    }
    OptimizerSpec own = optimizer(sgdModel(), s -> cosine.apply(s.withOptimizer("lamb(lr=0.1)")));
    assertEquals(expected, own.learningRate());
  }

  @Test
  void momentumHasAScheduleOfItsOwn() {
    Schedule expected = new PyTorchSchedule.PolynomialDecay(Clock.EPOCH, 0.9, 0, 9, 1);
    UnaryOperator<OptimizerSettings> text = s -> s.withMomentumSchedule("polynomial(9epochs)");
    assertEquals(
        new Dl4jOptimizer.Nesterovs(Schedule.fixed(0.1), expected),
        optimizer(
            plan(new Dl4jOptimizer.Nesterovs(Schedule.fixed(0.1), Schedule.fixed(0.9))), text));
    assertEquals(
        new Sgd(Schedule.fixed(1e-3), expected, 0, Sgd.Form.CLASSIC, 0),
        optimizer(sgdModel(), s -> text.apply(s.withOptimizer("sgd(momentum=0.9)"))));
  }

  @Test
  void theBaseOfTheRateScalesWithVirtualWorkers() {
    assertEquals(
        new Dl4jOptimizer.Sgd(Schedule.fixed(0.4)),
        optimizer(sgdModel(), s -> s.withRateScaling(RateScaling.LINEAR)));
    assertEquals(
        new PyTorchSchedule.Cosine(Clock.EPOCH, 0.2, 1e-3, 9),
        optimizer(
                sgdModel(),
                s ->
                    s.withRateScaling(RateScaling.SQRT)
                        .withLearningRateSchedule("cosine(9epochs, to=1e-3)"))
            .learningRate());
    Schedule own = new Dl4jSchedule.Exponential(Clock.EPOCH, 0.1, 0.9);
    assertEquals(
        Schedule.scaled(own, 4),
        optimizer(plan(new Dl4jOptimizer.Sgd(own)), s -> s.withRateScaling(RateScaling.LINEAR))
            .learningRate());
  }

  @Test
  void statisticsAndParametersWithoutARateStayAsTheyAre() {
    UpdatePlan model =
        plan(
            new Dl4jOptimizer.Sgd(Schedule.fixed(0.1)),
            new OptimizerSpec.Assign(),
            new Dl4jOptimizer.NoOp());
    UpdatePlan after = planned(model, s -> s.withLearningRateSchedule("cosine"));
    assertEquals(model.rules().get(1), after.rules().get(1));
    assertEquals(model.rules().get(2), after.rules().get(2));
  }

  @Test
  void theRateShownIsThatOfTheFirstTrainedBlockThatHasOne() {
    UpdatePlan model =
        plan(
            new OptimizerSpec.Assign(),
            new Dl4jOptimizer.NoOp(),
            new Dl4jOptimizer.Sgd(new Dl4jSchedule.Exponential(Clock.EPOCH, 0.8, 0.5)),
            new Dl4jOptimizer.Sgd(Schedule.fixed(3)));
    assertEquals(0.02, PlannedUpdates.rate(model, new StepTime(7, 2, 7, 0.1)).orElseThrow(), 1e-15);
    assertTrue(
        PlannedUpdates.rate(plan(new Dl4jOptimizer.AdaDelta(0.9, 1e-6)), StepTime.of(0, 0))
            .isEmpty());
  }

  @Test
  void refusesWhatHasNoEffect() {
    UpdatePlan adaDelta = plan(new Dl4jOptimizer.AdaDelta(0.9, 1e-6), new Dl4jOptimizer.NoOp());
    String remedy =
        " has no effect: no updater of the model has a learning rate (AdaDelta and NoOp have none):"
            + " leave it out, or name an optimizer with --optimizer";
    assertEquals(
        "learningRateSchedule=cosine" + remedy,
        refusal(adaDelta, s -> s.withLearningRateSchedule("cosine")));
    assertEquals(
        "rateScaling=LINEAR" + remedy,
        refusal(adaDelta, s -> s.withRateScaling(RateScaling.LINEAR)));
    assertTrue(refusal(adaDelta, s -> s.withPlateau("patience=2")).endsWith(remedy));
    assertEquals(
        "momentumSchedule=cosine has no effect: neither sgd(momentum=…) nor the model's"
            + " Nesterovs updates a parameter: leave it out, or use --optimizer 'sgd(lr=0.1,"
            + " momentum=0.9)'",
        refusal(sgdModel(), s -> s.withMomentumSchedule("cosine")));
    assertEquals(
        "momentumSchedule=cosine has no effect with momentum=0: give its base, such as --optimizer"
            + " 'sgd(lr=0.1, momentum=0.9)'",
        refusal(sgdModel(), s -> s.withOptimizer("sgd").withMomentumSchedule("cosine")));
    assertEquals(
        "parameter 0_W: schedule cosine of the learning rate: the model's updater has a schedule of"
            + " its own: give it a fixed learning rate, or name an optimizer with --optimizer",
        refusal(
            plan(new Dl4jOptimizer.Sgd(new Dl4jSchedule.Exponential(Clock.EPOCH, 1, 0.5))),
            s -> s.withLearningRateSchedule("cosine")));
  }

  @Test
  void refusesValuesOutOfRange() {
    assertEquals(
        "optimizer nesterovs is DL4J's updater of built-in models: use sgd(lr=0.1, momentum=0.9,"
            + " nesterov=true)",
        refusal(sgdModel(), s -> s.withOptimizer("nesterovs")));
    assertEquals(
        "AdamW beta1=2.0 must be in [0, 1)",
        refusal(sgdModel(), s -> s.withOptimizer("adamw(beta1=2)")));
  }

  private static UpdatePlan sgdModel() {
    return plan(new Dl4jOptimizer.Sgd(Schedule.fixed(0.1)));
  }

  /** Two parameters each. */
  private static UpdatePlan plan(OptimizerSpec... optimizers) {
    List<Block> blocks = new ArrayList<>();
    for (int b = 0; b < optimizers.length; b++) {
      blocks.add(new Block(b + "_W", b, 2 * b, 2));
    }
    return new UpdatePlan(
        new ParameterLayout(blocks),
        Arrays.stream(optimizers).map(UpdateRule::of).toList(),
        new Clipping.None());
  }

  private static UpdatePlan planned(UpdatePlan model, UnaryOperator<OptimizerSettings> change) {
    TrainingConfig config =
        TrainingConfig.builder()
            .output(o -> o.folder("out"))
            .mode(m -> m.virtualWorkers(4))
            .data(d -> d.validationFraction(0.1))
            .optimization(o -> o.optimizer(change.apply(o.optimizer())))
            .build();
    return PlannedUpdates.of(config, model, Set.of(), RUN);
  }

  private static OptimizerSpec optimizer(
      UpdatePlan model, UnaryOperator<OptimizerSettings> change) {
    return planned(model, change).rules().get(0).optimizer();
  }

  private static String refusal(UpdatePlan model, UnaryOperator<OptimizerSettings> change) {
    return assertThrows(IllegalArgumentException.class, () -> planned(model, change)).getMessage();
  }
}
