package dev.lockstep.trainer.plan;

import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.ScheduleText;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import dev.lockstep.trainer.config.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Lays the settings of a run over the updates that its model brings: the one place where optimizer,
 * schedules and scaling of the learning rate are applied. Lives on the driver, before anything is
 * started.
 */
public final class PlannedUpdates {

  private final OptimizerSettings settings;
  private final double factor;
  private final RunLength run;

  private PlannedUpdates(TrainingConfig config, RunLength run) {
    this.settings = config.optimization().optimizer();
    this.factor = settings.rateScaling().factor(config.mode().virtualWorkers());
    this.run = run;
  }

  /**
   * The updates of a run.
   *
   * @param model the model's own
   * @param vectors names of the blocks that hold biases, gains and offsets
   * @param run whose steps and epochs schedules count
   * @throws IllegalArgumentException if a setting has no effect, or a value is not in its range
   */
  public static UpdatePlan of(
      TrainingConfig config, UpdatePlan model, Set<String> vectors, RunLength run) {
    PlannedUpdates updates = new PlannedUpdates(config, run);
    updates.requireEffects(model);
    if (updates.settings.algorithm() != null) {
      PyTorchOptimizers own =
          new PyTorchOptimizers(updates.settings.algorithm(), updates::rate, updates::momentum);
      return model.withOptimizer(own.spec(), vectors);
    }
    List<UpdateRule> rules = new ArrayList<>();
    for (int b = 0; b < model.rules().size(); b++) {
      UpdateRule rule = model.rules().get(b);
      rules.add(
          rule.optimizer() instanceof Dl4jOptimizer optimizer
              ? rule.withOptimizer(updates.changed(model.layout().blocks().get(b), optimizer))
              : rule);
    }
    return new UpdatePlan(model.layout(), rules, model.clipping());
  }

  /**
   * The learning rate of a step: that of the first trained block that has one. Empty where none
   * has.
   */
  public static OptionalDouble rate(UpdatePlan plan, StepTime time) {
    return plan.rules().stream()
        .map(UpdateRule::optimizer)
        .filter(PlannedUpdates::hasRate)
        .mapToDouble(optimizer -> optimizer.learningRate(time))
        .findFirst();
  }

  private static boolean hasRate(OptimizerSpec optimizer) {
    return !(optimizer instanceof OptimizerSpec.Assign
        || optimizer instanceof Dl4jOptimizer.NoOp
        || optimizer instanceof Dl4jOptimizer.AdaDelta);
  }

  private void requireEffects(UpdatePlan model) {
    boolean hasRate =
        settings.algorithm() != null
            || model.rules().stream().map(UpdateRule::optimizer).anyMatch(PlannedUpdates::hasRate);
    if (!hasRate) {
      requireAbsent("learningRateSchedule", settings.learningRateSchedule());
      requireAbsent("plateau", settings.plateau());
      requireAbsent(
          "rateScaling",
          settings.rateScaling() == RateScaling.NONE ? null : settings.rateScaling().name());
    }
    boolean hasMomentum =
        settings.algorithm() != null
            ? settings.algorithm().name().settings().contains("dampening")
            : model.rules().stream()
                .anyMatch(rule -> rule.optimizer() instanceof Dl4jOptimizer.Nesterovs);
    if (settings.momentumSchedule() != null && !hasMomentum) {
      throw new IllegalArgumentException(
          "momentumSchedule="
              + settings.momentumSchedule()
              + " has no effect: neither sgd(momentum=…) nor the model's Nesterovs updates a"
              + " parameter: leave it out, or use --optimizer 'sgd(lr=0.1, momentum=0.9)'");
    }
  }

  private static void requireAbsent(String setting, String value) {
    if (value != null) {
      throw new IllegalArgumentException(
          setting
              + "="
              + value
              + " has no effect: no updater of the model has a learning rate (AdaDelta and NoOp"
              + " have none): leave it out, or name an optimizer with --optimizer");
    }
  }

  private Schedule rate(Schedule base) {
    return scheduled(
        "learning rate", settings.learningRateSchedule(), Schedule.scaled(base, factor));
  }

  private Schedule momentum(Schedule base) {
    if (settings.momentumSchedule() != null && base.equals(Schedule.OFF)) {
      throw new IllegalArgumentException(
          "momentumSchedule="
              + settings.momentumSchedule()
              + " has no effect with momentum=0: give its base, such as --optimizer"
              + " 'sgd(lr=0.1, momentum=0.9)'");
    }
    return scheduled("momentum", settings.momentumSchedule(), base);
  }

  private Schedule scheduled(String what, String text, Schedule base) {
    if (text == null) {
      return base;
    }
    if (!(base instanceof Schedule.Fixed fixed)) {
      throw new IllegalArgumentException(
          "schedule "
              + text
              + " of the "
              + what
              + ": the model's updater has a schedule of its own: give it a fixed "
              + what
              + ", or name an optimizer with --optimizer");
    }
    return ScheduleText.parse(text).schedule(fixed.value(), run);
  }

  private OptimizerSpec changed(Block block, Dl4jOptimizer optimizer) {
    try {
      return changed(optimizer);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("parameter " + block.name() + ": " + e.getMessage(), e);
    }
  }

  private OptimizerSpec changed(Dl4jOptimizer optimizer) {
    Schedule rate = hasRate(optimizer) ? rate(optimizer.learningRate()) : Schedule.OFF;
    if (optimizer instanceof Dl4jOptimizer.Sgd) {
      return new Dl4jOptimizer.Sgd(rate);
    }
    if (optimizer instanceof Dl4jOptimizer.Nesterovs o) {
      return new Dl4jOptimizer.Nesterovs(rate, momentum(o.momentum()));
    }
    if (optimizer instanceof Dl4jOptimizer.Adam o) {
      return new Dl4jOptimizer.Adam(rate, o.beta1(), o.beta2(), o.epsilon());
    }
    if (optimizer instanceof Dl4jOptimizer.AmsGrad o) {
      return new Dl4jOptimizer.AmsGrad(rate, o.beta1(), o.beta2(), o.epsilon());
    }
    if (optimizer instanceof Dl4jOptimizer.AdaMax o) {
      return new Dl4jOptimizer.AdaMax(rate, o.beta1(), o.beta2(), o.epsilon());
    }
    if (optimizer instanceof Dl4jOptimizer.Nadam o) {
      return new Dl4jOptimizer.Nadam(rate, o.beta1(), o.beta2(), o.epsilon());
    }
    if (optimizer instanceof Dl4jOptimizer.AdaGrad o) {
      return new Dl4jOptimizer.AdaGrad(rate, o.epsilon());
    }
    if (optimizer instanceof Dl4jOptimizer.RmsProp o) {
      return new Dl4jOptimizer.RmsProp(rate, o.decay(), o.epsilon());
    }
    return optimizer;
  }
}
