package dev.lockstep.trainer.model;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.Clipping.Mode;
import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.CycleSchedule;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.SigmoidSchedule;
import org.nd4j.linalg.schedule.StepSchedule;

/** Turns what DL4J's layers say about their updates into the parameter server's rules. */
final class UpdateRules {

  private UpdateRules() {}

  /**
   * The plan for a network.
   *
   * @param clipping Lockstep's own; {@link Clipping.None} where the model brings DL4J's
   *     normalisation
   * @throws UnsupportedModelException naming each updater, schedule or regularisation that is not
   *     supported
   */
  static UpdatePlan plan(Network network, Clipping clipping) {
    List<ParameterBlocks.Entry> entries = ParameterBlocks.of(network);
    List<String> problems = new ArrayList<>();
    List<UpdateRule> rules = new ArrayList<>();
    Division division = network.model().conf().isMiniBatch() ? Division.BY_EXAMPLES : Division.NONE;
    for (ParameterBlocks.Entry entry : entries) {
      try {
        rules.add(rule(entry, division));
      } catch (UnsupportedModelException e) {
        problems.addAll(e.problems());
      }
    }
    Clipping combined = combine(clipping, normalizations(entries), problems);
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(problems.stream().distinct().toList());
    }
    return new UpdatePlan(
        new ParameterLayout(entries.stream().map(ParameterBlocks.Entry::block).toList()),
        rules,
        combined);
  }

  private static Clipping combine(
      Clipping wanted, List<LayerNormalization> ofModel, List<String> problems) {
    if (ofModel.isEmpty()) {
      return wanted;
    }
    if (!(wanted instanceof Clipping.None)) {
      problems.add(
          "clipping="
              + wanted
              + " and the model's own gradientNormalization (layers "
              + ofModel.stream().map(LayerNormalization::layer).toList()
              + ") exclude each other: use one of them");
    }
    return new Clipping.ByLayer(ofModel);
  }

  private static List<LayerNormalization> normalizations(List<ParameterBlocks.Entry> entries) {
    Map<Integer, LayerNormalization> found = new LinkedHashMap<>();
    for (ParameterBlocks.Entry entry : entries) {
      TrainingConfig layer = entry.trainable().getConfig();
      GradientNormalization mode = layer.getGradientNormalization();
      if (mode != null && mode != GradientNormalization.None) {
        int index = entry.block().layer();
        found.put(
            index,
            new LayerNormalization(index, mode(mode), layer.getGradientNormalizationThreshold()));
      }
    }
    return List.copyOf(found.values());
  }

  private static Mode mode(GradientNormalization mode) {
    return switch (mode) {
      case RenormalizeL2PerLayer -> Mode.RENORMALIZE_L2_PER_LAYER;
      case RenormalizeL2PerParamType -> Mode.RENORMALIZE_L2_PER_PARAM_TYPE;
      case ClipElementWiseAbsoluteValue -> Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE;
      case ClipL2PerLayer -> Mode.CLIP_L2_PER_LAYER;
      case ClipL2PerParamType -> Mode.CLIP_L2_PER_PARAM_TYPE;
      case None -> throw new IllegalArgumentException("no normalisation");
    };
  }

  private static UpdateRule rule(ParameterBlocks.Entry entry, Division division) {
    TrainingConfig layer = entry.trainable().getConfig();
    String name = entry.block().name();
    IUpdater updater = layer.getUpdaterByParam(entry.parameter());
    if (entry.isStatistic()) {
      if (!(updater instanceof NoOp)) {
        throw refused(
            name, "a statistic with updater " + updater, "use DL4J's batch normalisation");
      }
      return UpdateRule.of(new OptimizerSpec.Assign());
    }
    UpdateRule rule = UpdateRule.of(optimizer(name, updater)).withDivision(division);
    List<Regularization> all = layer.getRegularizationByParam(entry.parameter());
    List<Class<?>> seen = new ArrayList<>();
    for (Regularization one : all == null ? List.<Regularization>of() : all) {
      if (seen.contains(one.getClass())) {
        throw refused(
            name, "two " + one.getClass().getSimpleName(), "add their coefficients into one");
      }
      seen.add(one.getClass());
      if (one instanceof L1Regularization l1) {
        rule = rule.withL1(schedule(name, l1.getL1()));
      } else if (one instanceof L2Regularization l2) {
        rule = rule.withL2(schedule(name, l2.getL2()));
      } else if (one instanceof WeightDecay decay) {
        rule =
            rule.withWeightDecay(
                schedule(name, decay.getCoeff()),
                decay.isApplyLR() ? WeightDecayScaling.BY_LEARNING_RATE : WeightDecayScaling.NONE);
      } else {
        throw refused(
            name,
            "regularisation " + one.getClass().getName(),
            "use L1Regularization, L2Regularization or WeightDecay");
      }
    }
    return rule;
  }

  private static OptimizerSpec optimizer(String name, IUpdater updater) {
    if (updater instanceof Sgd sgd) {
      return new OptimizerSpec.Sgd(
          rate(name, sgd.getLearningRate(), sgd.getLearningRateSchedule()));
    }
    if (updater instanceof Nesterovs nesterovs) {
      return new OptimizerSpec.Nesterovs(
          rate(name, nesterovs.getLearningRate(), nesterovs.getLearningRateSchedule()),
          rate(name, nesterovs.getMomentum(), nesterovs.getMomentumISchedule()));
    }
    if (updater instanceof Adam adam) {
      return new OptimizerSpec.Adam(
          rate(name, adam.getLearningRate(), adam.getLearningRateSchedule()),
          adam.getBeta1(),
          adam.getBeta2(),
          adam.getEpsilon());
    }
    throw refused(
        name,
        "updater " + (updater == null ? "none" : updater.getClass().getSimpleName()),
        "use Sgd, Nesterovs or Adam");
  }

  private static Schedule rate(String name, double value, ISchedule schedule) {
    if (schedule != null) {
      return schedule(name, schedule);
    }
    if (!Double.isFinite(value)) {
      throw refused(name, "the updater's value " + value, "give it a value or a schedule");
    }
    return Schedule.fixed(value);
  }

  /** The same formula; RampSchedule may hold any of the others. */
  private static Schedule schedule(String name, ISchedule schedule) {
    if (schedule instanceof FixedSchedule s) {
      return Schedule.fixed(s.getValue());
    }
    if (schedule instanceof ExponentialSchedule s) {
      return new Schedule.Exponential(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma());
    }
    if (schedule instanceof InverseSchedule s) {
      return new Schedule.Inverse(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma(), s.getPower());
    }
    if (schedule instanceof PolySchedule s) {
      return new Schedule.Polynomial(
          clock(s.getScheduleType()), s.getInitialValue(), s.getPower(), s.getMaxIter());
    }
    if (schedule instanceof SigmoidSchedule s) {
      return new Schedule.Sigmoid(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma(), s.getStepSize());
    }
    if (schedule instanceof StepSchedule s) {
      return new Schedule.Step(
          clock(s.getScheduleType()), s.getInitialValue(), s.getDecayRate(), s.getStep());
    }
    if (schedule instanceof MapSchedule s) {
      return new Schedule.Table(clock(s.getScheduleType()), new TreeMap<>(s.getValues()));
    }
    if (schedule instanceof CycleSchedule s) {
      return new Schedule.Cycle(
          clock(s.getScheduleType()),
          s.getInitialLearningRate(),
          s.getMaxLearningRate(),
          s.getCycleLength(),
          s.getAnnealingLength(),
          s.getAnnealingDecay());
    }
    if (schedule instanceof RampSchedule s) {
      return new Schedule.Ramp(
          schedule(name, (ISchedule) field(s, "baseSchedule")), (int) field(s, "numIter"));
    }
    throw refused(
        name, "schedule " + schedule.getClass().getName(), "use one of DL4J's own schedules");
  }

  /** RampSchedule has no accessors. */
  private static Object field(RampSchedule schedule, String name) {
    try {
      Field field = RampSchedule.class.getDeclaredField(name);
      field.setAccessible(true);
      return field.get(schedule);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("RampSchedule." + name + " is not there", e);
    }
  }

  private static Clock clock(ScheduleType type) {
    return type == ScheduleType.EPOCH ? Clock.EPOCH : Clock.ITERATION;
  }

  private static UnsupportedModelException refused(String block, String what, String remedy) {
    return new UnsupportedModelException(
        List.of("parameter " + block + ": " + what + " is not supported: " + remedy));
  }
}
