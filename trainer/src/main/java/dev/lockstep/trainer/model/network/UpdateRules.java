package dev.lockstep.trainer.model.network;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.Clipping.Mode;
import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
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
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.CycleSchedule;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.SigmoidSchedule;
import org.nd4j.linalg.schedule.StepSchedule;

/**
 * What DL4J's layers say about their updates, as the parameter server's rules.
 *
 * @param layout blocks of θ
 * @param rules one for each block
 * @param normalizations gradient normalization of the layers that have one
 * @param problems updaters, schedules and regularizations that are not supported; rules of those
 *     blocks are missing
 */
record UpdateRules(
    ParameterLayout layout,
    List<UpdateRule> rules,
    List<LayerNormalization> normalizations,
    List<String> problems) {

  static UpdateRules of(Network network, List<ParameterBlocks.Entry> entries) {
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
    return new UpdateRules(
        new ParameterLayout(entries.stream().map(ParameterBlocks.Entry::block).toList()),
        rules,
        normalizations(entries),
        problems);
  }

  UpdatePlan plan(Clipping clipping) {
    List<String> found = new ArrayList<>(problems);
    Clipping combined = clipping;
    if (!normalizations.isEmpty()) {
      if (!(clipping instanceof Clipping.None)) {
        found.add(
            "clipping="
                + clipping
                + " and the model's own gradientNormalization (layers "
                + normalizations.stream().map(LayerNormalization::layer).toList()
                + ") exclude each other: use one of them");
      }
      combined = new Clipping.ByLayer(normalizations);
    }
    if (!found.isEmpty()) {
      throw new UnsupportedModelException(found.stream().distinct().toList());
    }
    return new UpdatePlan(layout, rules, combined);
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
      case None -> throw new IllegalArgumentException("no normalization");
    };
  }

  private static UpdateRule rule(ParameterBlocks.Entry entry, Division division) {
    TrainingConfig layer = entry.trainable().getConfig();
    String name = entry.block().name();
    IUpdater updater = layer.getUpdaterByParam(entry.parameter());
    if (entry.isStatistic()) {
      if (!(updater instanceof NoOp)) {
        throw refused(
            name, "a statistic with updater " + updater, "use DL4J's batch normalization");
      }
      return UpdateRule.of(new OptimizerSpec.Assign());
    }
    UpdateRule rule = UpdateRule.of(optimizer(name, updater)).withDivision(division);
    List<Regularization> all = layer.getRegularizationByParam(entry.parameter());
    // Lists, because DL4J itself applies some twice: a weight decay of the network's builder is
    // stored two times in every layer (LayerValidation.configureBaseLayer adds what is there).
    List<Schedule> l1 = new ArrayList<>();
    List<Schedule> l2 = new ArrayList<>();
    Map<WeightDecayScaling, List<Schedule>> decays = new EnumMap<>(WeightDecayScaling.class);
    for (Regularization one : all == null ? List.<Regularization>of() : all) {
      if (one instanceof L1Regularization r) {
        l1.add(schedule(name, r.getL1()));
      } else if (one instanceof L2Regularization r) {
        l2.add(schedule(name, r.getL2()));
      } else if (one instanceof WeightDecay r) {
        decays
            .computeIfAbsent(
                r.isApplyLR() ? WeightDecayScaling.BY_LEARNING_RATE : WeightDecayScaling.NONE,
                scaling -> new ArrayList<>())
            .add(schedule(name, r.getCoeff()));
      } else {
        throw refused(
            name,
            "regularization " + one.getClass().getName(),
            "use L1Regularization, L2Regularization or WeightDecay");
      }
    }
    if (decays.size() > 1) {
      throw refused(name, "weight decay with and without applyLR", "use one of them");
    }
    rule = rule.withL1(sum(name, l1)).withL2(sum(name, l2));
    for (Map.Entry<WeightDecayScaling, List<Schedule>> decay : decays.entrySet()) {
      rule = rule.withWeightDecay(sum(name, decay.getValue()), decay.getKey());
    }
    return rule;
  }

  private static Schedule sum(String name, List<Schedule> schedules) {
    if (schedules.stream().allMatch(Schedule.Fixed.class::isInstance)) {
      return Schedule.fixed(schedules.stream().mapToDouble(s -> s.at(0, 0)).sum());
    }
    if (schedules.stream().distinct().count() > 1) {
      throw refused(name, "two regularizations with different schedules", "use one of them");
    }
    return Schedule.scaled(schedules.get(0), schedules.size());
  }

  private static OptimizerSpec optimizer(String name, IUpdater updater) {
    if (updater instanceof Sgd sgd) {
      return new Dl4jOptimizer.Sgd(
          rate(name, sgd.getLearningRate(), sgd.getLearningRateSchedule()));
    }
    if (updater instanceof Nesterovs nesterovs) {
      return new Dl4jOptimizer.Nesterovs(
          rate(name, nesterovs.getLearningRate(), nesterovs.getLearningRateSchedule()),
          rate(name, nesterovs.getMomentum(), nesterovs.getMomentumISchedule()));
    }
    if (updater instanceof Adam adam) {
      return new Dl4jOptimizer.Adam(
          rate(name, adam.getLearningRate(), adam.getLearningRateSchedule()),
          adam.getBeta1(),
          adam.getBeta2(),
          adam.getEpsilon());
    }
    if (updater instanceof AdaMax u) {
      return new Dl4jOptimizer.AdaMax(
          rate(name, u.getLearningRate(), u.getLearningRateSchedule()),
          u.getBeta1(),
          u.getBeta2(),
          u.getEpsilon());
    }
    if (updater instanceof AMSGrad u) {
      return new Dl4jOptimizer.AmsGrad(
          rate(name, u.getLearningRate(), u.getLearningRateSchedule()),
          u.getBeta1(),
          u.getBeta2(),
          u.getEpsilon());
    }
    if (updater instanceof Nadam u) {
      return new Dl4jOptimizer.Nadam(
          rate(name, u.getLearningRate(), u.getLearningRateSchedule()),
          u.getBeta1(),
          u.getBeta2(),
          u.getEpsilon());
    }
    if (updater instanceof AdaGrad u) {
      if (u.getLearningRateSchedule() != null || Double.isNaN(u.getLearningRate())) {
        throw refused(
            name,
            "a schedule of AdaGrad, which DL4J 1.0.0-M2.1 loses when it copies the updater,",
            "give AdaGrad a fixed learning rate");
      }
      return new Dl4jOptimizer.AdaGrad(
          rate(name, u.getLearningRate(), u.getLearningRateSchedule()), u.getEpsilon());
    }
    if (updater instanceof RmsProp u) {
      return new Dl4jOptimizer.RmsProp(
          rate(name, u.getLearningRate(), u.getLearningRateSchedule()),
          u.getRmsDecay(),
          u.getEpsilon());
    }
    if (updater instanceof AdaDelta u) {
      return new Dl4jOptimizer.AdaDelta(u.getRho(), u.getEpsilon());
    }
    if (updater instanceof AdaBelief) {
      // config.AdaBelief.instantiate(INDArray, boolean) makes its view one-dimensional and then
      // writes element 1 of its shape. UpdaterBlock calls it at the first fit and at restoring.
      throw refused(
          name,
          "updater AdaBelief, with which DL4J 1.0.0-M2.1's own fit and restoring fail"
              + " (AdaBelief.instantiate: index 1 of a shape of length 1),",
          "use Adam");
    }
    throw refused(
        name,
        "updater " + (updater == null ? "none" : updater.getClass().getSimpleName()),
        "use Sgd, Nesterovs, Adam, AdaMax, AMSGrad, Nadam, AdaGrad, RmsProp or AdaDelta");
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

  /** The same formula. */
  private static Schedule schedule(String name, ISchedule schedule) {
    if (schedule instanceof FixedSchedule s) {
      return Schedule.fixed(s.getValue());
    }
    if (schedule instanceof ExponentialSchedule s) {
      return new Dl4jSchedule.Exponential(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma());
    }
    if (schedule instanceof InverseSchedule s) {
      return new Dl4jSchedule.Inverse(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma(), s.getPower());
    }
    if (schedule instanceof PolySchedule s) {
      return new Dl4jSchedule.Polynomial(
          clock(s.getScheduleType()), s.getInitialValue(), s.getPower(), s.getMaxIter());
    }
    if (schedule instanceof SigmoidSchedule s) {
      return new Dl4jSchedule.Sigmoid(
          clock(s.getScheduleType()), s.getInitialValue(), s.getGamma(), s.getStepSize());
    }
    if (schedule instanceof StepSchedule s) {
      return new Dl4jSchedule.Step(
          clock(s.getScheduleType()), s.getInitialValue(), s.getDecayRate(), s.getStep());
    }
    if (schedule instanceof MapSchedule s) {
      return new Dl4jSchedule.Table(clock(s.getScheduleType()), new TreeMap<>(s.getValues()));
    }
    if (schedule instanceof CycleSchedule s) {
      return new Dl4jSchedule.Cycle(
          clock(s.getScheduleType()),
          s.getInitialLearningRate(),
          s.getMaxLearningRate(),
          s.getCycleLength(),
          s.getAnnealingLength(),
          s.getAnnealingDecay());
    }
    throw refused(
        name, "schedule " + schedule.getClass().getName(), "use one of DL4J's own schedules");
  }

  private static Clock clock(ScheduleType type) {
    return type == ScheduleType.EPOCH ? Clock.EPOCH : Clock.ITERATION;
  }

  private static UnsupportedModelException refused(String block, String what, String remedy) {
    return new UnsupportedModelException(
        List.of("parameter " + block + ": " + what + " is not supported: " + remedy));
  }
}
