package dev.lockstep.trainer.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Optimizers that take the place of a model's updaters, and the settings that each has. */
public enum OptimizerName {
  /** Stochastic gradient descent. */
  SGD("lr", "momentum", "dampening", "nesterov", "weight-decay"),
  /** DL4J's Nesterov momentum 0.9, for built-in models alone. */
  NESTEROVS("lr"),
  /** AdaGrad. */
  ADAGRAD("lr", "lr-decay", "initial-accumulator", "epsilon", "weight-decay"),
  /** RMSProp. */
  RMSPROP("lr", "alpha", "epsilon", "momentum", "centered", "weight-decay"),
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
  static final Set<String> SWITCHES = Set.of("nesterov", "centered");

  @SuppressWarnings("ImmutableEnumChecker") // The list is immutable.
  private final List<String> settings;

  OptimizerName(String... settings) {
    this.settings = List.of(settings);
  }

  /** The names of its settings, as they are written; the first is {@code lr}. */
  public List<String> settings() {
    return settings;
  }

  /** As it is written. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  static OptimizerName parse(String text) {
    return Arrays.stream(values())
        .filter(name -> name.text().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "optimizer \""
                        + text
                        + "\" is not known: give one of "
                        + String.join(
                            ", ", Arrays.stream(values()).map(OptimizerName::text).toList())
                        + ", such as adamw(lr=1e-3)"));
  }

  /** The optimizers that have a setting. */
  static List<String> having(String setting) {
    return Arrays.stream(values())
        .filter(name -> name.settings.contains(setting))
        .map(OptimizerName::text)
        .toList();
  }
}
