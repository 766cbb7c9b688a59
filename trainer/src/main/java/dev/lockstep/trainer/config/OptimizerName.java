package dev.lockstep.trainer.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Lockstep's own optimizers and the settings that each of them has. */
public enum OptimizerName {
  /** Stochastic gradient descent. */
  SGD("lr", "momentum", "dampening", "nesterov", "weight-decay"),
  /** AdaGrad. */
  ADAGRAD("lr", "lr-decay", "initial-accumulator", "epsilon", "weight-decay"),
  /** RMSProp. */
  RMSPROP("lr", "alpha", "epsilon", "momentum", "centred", "weight-decay"),
  /** AdaDelta. */
  ADADELTA("lr", "rho", "epsilon", "weight-decay"),
  /** Adam. */
  ADAM("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** AMSGrad. */
  AMSGRAD("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** Adam with decoupled weight decay. */
  ADAMW("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** AdaMax. */
  ADAMAX("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** Adam with Nesterov momentum. */
  NADAM("lr", "beta1", "beta2", "epsilon", "weight-decay", "momentum-decay"),
  /** Rectified Adam. */
  RADAM("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** Layer-wise adaptive moments. */
  LAMB("lr", "beta1", "beta2", "epsilon", "weight-decay"),
  /** Layer-wise adaptive rates. */
  LARS("lr", "momentum", "weight-decay", "trust-coefficient"),
  /** Lion. */
  LION("lr", "beta1", "beta2", "weight-decay");

  /** Settings that are on where they are 1 and off where they are 0. */
  static final Set<String> SWITCHES = Set.of("nesterov", "centred");

  @SuppressWarnings("ImmutableEnumChecker") // The list is immutable.
  private final List<String> settings;

  OptimizerName(String... settings) {
    this.settings = List.of(settings);
  }

  /** The names of its settings, which are those of the options without the dashes. */
  public List<String> settings() {
    return settings;
  }

  /** As it is written. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The optimizers that have a setting, as text. */
  static String having(String setting) {
    return String.join(
        ", ",
        Arrays.stream(values())
            .filter(name -> name.settings.contains(setting))
            .map(OptimizerName::text)
            .toList());
  }
}
