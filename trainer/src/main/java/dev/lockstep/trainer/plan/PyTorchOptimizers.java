package dev.lockstep.trainer.plan;

import dev.lockstep.ps.optim.AdaDelta;
import dev.lockstep.ps.optim.AdaGrad;
import dev.lockstep.ps.optim.AdaMax;
import dev.lockstep.ps.optim.Adam;
import dev.lockstep.ps.optim.AdamW;
import dev.lockstep.ps.optim.AmsGrad;
import dev.lockstep.ps.optim.Lamb;
import dev.lockstep.ps.optim.Lars;
import dev.lockstep.ps.optim.Lion;
import dev.lockstep.ps.optim.Nadam;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.RAdam;
import dev.lockstep.ps.optim.RmsProp;
import dev.lockstep.ps.optim.Sgd;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerText;
import java.util.SortedMap;
import java.util.function.UnaryOperator;

/**
 * Makes one of Lockstep's own optimizers from the values that were given, and its defaults. Lives
 * on the driver.
 */
public final class PyTorchOptimizers {

  private final OptimizerName name;
  private final SortedMap<String, Double> values;
  private final UnaryOperator<Schedule> rate;
  private final UnaryOperator<Schedule> momentum;

  /**
   * Of an optimizer as it was given.
   *
   * @param rate makes the learning rate's schedule of its base
   * @param momentum makes the momentum's schedule of its base; called for sgd only
   */
  PyTorchOptimizers(
      OptimizerText text, UnaryOperator<Schedule> rate, UnaryOperator<Schedule> momentum) {
    this.name = text.name();
    this.values = text.values();
    this.rate = rate;
    this.momentum = momentum;
  }

  /**
   * Refuses values that no model and no schedule can make good.
   *
   * @throws IllegalArgumentException naming the value and its range
   */
  public static void requireInRange(OptimizerSettings settings) {
    if (settings.algorithm() != null) {
      OptimizerSpec unused =
          new PyTorchOptimizers(
                  settings.algorithm(), UnaryOperator.identity(), UnaryOperator.identity())
              .spec();
    }
  }

  /**
   * The optimizer with the values as given.
   *
   * @throws IllegalArgumentException if a value is not in its range
   */
  OptimizerSpec spec() {
    return switch (name) {
      case SGD -> sgd(Sgd.DEFAULT);
      case NESTEROVS ->
          throw new IllegalArgumentException(
              "optimizer nesterovs is DL4J's updater of built-in models: use"
                  + " sgd(lr=0.1, momentum=0.9, nesterov=true)");
      case ADAGRAD -> adaGrad(AdaGrad.DEFAULT);
      case RMSPROP -> rmsProp(RmsProp.DEFAULT);
      case ADADELTA -> adaDelta(AdaDelta.DEFAULT);
      case ADAM -> adam(Adam.DEFAULT);
      case AMSGRAD -> amsGrad(AmsGrad.DEFAULT);
      case ADAMW -> adamW(AdamW.DEFAULT);
      case ADAMAX -> adaMax(AdaMax.DEFAULT);
      case NADAM -> nadam(Nadam.DEFAULT);
      case RADAM -> rAdam(RAdam.DEFAULT);
      case LAMB -> lamb(Lamb.DEFAULT);
      case LARS -> lars(Lars.DEFAULT);
      case LION -> lion(Lion.DEFAULT);
    };
  }

  private double value(String setting, double ifAbsent) {
    return values.getOrDefault(setting, ifAbsent);
  }

  private Schedule rate(Schedule ifAbsent) {
    return rate.apply(base("lr", ifAbsent));
  }

  private Schedule base(String setting, Schedule ifAbsent) {
    return values.containsKey(setting) ? Schedule.fixed(values.get(setting)) : ifAbsent;
  }

  private boolean isOn(String setting) {
    return value(setting, 0) == 1;
  }

  private OptimizerSpec sgd(Sgd d) {
    return new Sgd(
        rate(d.learningRate()),
        momentum.apply(base("momentum", d.momentum())),
        value("dampening", d.dampening()),
        isOn("nesterov") ? Sgd.Form.NESTEROV : d.form(),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec adaGrad(AdaGrad d) {
    return new AdaGrad(
        rate(d.learningRate()),
        value("lr-decay", d.rateDecay()),
        value("initial-accumulator", d.initialAccumulator()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec rmsProp(RmsProp d) {
    return new RmsProp(
        rate(d.learningRate()),
        value("alpha", d.alpha()),
        value("epsilon", d.epsilon()),
        value("momentum", d.momentum()),
        isOn("centered") ? RmsProp.Centering.CENTERED : d.centering(),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec adaDelta(AdaDelta d) {
    return new AdaDelta(
        rate(d.learningRate()),
        value("rho", d.rho()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec adam(Adam d) {
    return new Adam(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec amsGrad(AmsGrad d) {
    return new AmsGrad(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec adamW(AdamW d) {
    return new AdamW(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec adaMax(AdaMax d) {
    return new AdaMax(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec nadam(Nadam d) {
    return new Nadam(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()),
        value("momentum-decay", d.momentumDecay()));
  }

  private OptimizerSpec rAdam(RAdam d) {
    return new RAdam(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec lamb(Lamb d) {
    return new Lamb(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("epsilon", d.epsilon()),
        value("weight-decay", d.weightDecay()));
  }

  private OptimizerSpec lars(Lars d) {
    return new Lars(
        rate(d.learningRate()),
        value("momentum", d.momentum()),
        value("weight-decay", d.weightDecay()),
        value("trust-coefficient", d.coefficient()));
  }

  private OptimizerSpec lion(Lion d) {
    return new Lion(
        rate(d.learningRate()),
        value("beta1", d.beta1()),
        value("beta2", d.beta2()),
        value("weight-decay", d.weightDecay()));
  }
}
