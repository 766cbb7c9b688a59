package dev.lockstep.trainer.cli;

import dev.lockstep.ps.schedule.ScheduleText;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that take the place of, or are laid over, the updaters that a model brings. */
final class OptimizerOptions {

  /** Tells the help of the command how schedules are written. */
  @Spec(Spec.Target.MIXEE)
  void describeSchedules(CommandSpec command) {
    List<String> lines = new ArrayList<>();
    lines.add("%nSchedules, one after another with >; lengths such as 500steps or 30epochs:");
    ScheduleText.FORMS.forEach(form -> lines.add("  " + form));
    lines.add("The base is --lr or the model's rate; from and to of linear and onecycle are");
    lines.add("parts of it. Each part but the last needs for=LENGTH; the last takes the rest");
    lines.add("of the run. by=steps changes the value at every step.");
    command.usageMessage().footer(lines.toArray(String[]::new));
  }

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description =
          "In place of the model's own updaters, with PyTorch's semantics and defaults: sgd, adagrad, "
              + "rmsprop, adadelta, adam, amsgrad, adamw, adamax, nadam, radam, lamb, lars or lion.")
  private OptimizerName optimizer;

  @Option(names = "--lr", paramLabel = "R", description = "Learning rate of --optimizer.")
  private Double lr;

  @Option(names = "--momentum", paramLabel = "M", description = "Of sgd, rmsprop and lars.")
  private Double momentum;

  @Option(names = "--dampening", paramLabel = "D", description = "Of sgd's momentum.")
  private Double dampening;

  @Option(names = "--nesterov", description = "Nesterov's form of sgd's momentum.")
  private boolean nesterov;

  @Option(names = "--weight-decay", paramLabel = "W", description = "Of every --optimizer.")
  private Double weightDecay;

  @Option(names = "--beta1", paramLabel = "B", description = "Of adam and its kin, and lion.")
  private Double beta1;

  @Option(names = "--beta2", paramLabel = "B", description = "Of adam and its kin, and lion.")
  private Double beta2;

  @Option(names = "--epsilon", paramLabel = "E", description = "Of the adaptive optimizers.")
  private Double epsilon;

  @Option(names = "--alpha", paramLabel = "A", description = "Decay of rmsprop's mean square.")
  private Double alpha;

  @Option(names = "--centred", description = "Centred rmsprop.")
  private boolean centred;

  @Option(names = "--rho", paramLabel = "R", description = "Decay of adadelta's mean squares.")
  private Double rho;

  @Option(names = "--lr-decay", paramLabel = "D", description = "Of adagrad.")
  private Double lrDecay;

  @Option(names = "--initial-accumulator", paramLabel = "A", description = "Of adagrad.")
  private Double initialAccumulator;

  @Option(names = "--momentum-decay", paramLabel = "D", description = "Of nadam.")
  private Double momentumDecay;

  @Option(names = "--trust-coefficient", paramLabel = "C", description = "Of lars.")
  private Double trustCoefficient;

  @Option(
      names = "--lr-schedule",
      paramLabel = "SCHEDULE",
      description =
          "Of the learning rate, --lr's or the model's, for example \"linear(500steps, from=0.1) > "
              + "cosine\". Schedules are listed below.")
  private String lrSchedule;

  @Option(
      names = "--momentum-schedule",
      paramLabel = "SCHEDULE",
      description = "Of the momentum of sgd or of the model's Nesterovs.")
  private String momentumSchedule;

  @Option(
      names = "--scale-learning-rate",
      paramLabel = "none|linear|sqrt",
      description = "Multiply the learning rate by V or by its square root (default: none).")
  private RateScaling rateScaling;

  @Option(
      names = "--plateau",
      paramLabel = "factor=F,patience=N,...",
      description =
          "Multiply the learning rate by factor when the validation metric has not become better for "
              + "more than patience epochs, as PyTorch's ReduceLROnPlateau does (defaults: metric=loss,"
              + "factor=0.1,patience=10,threshold=1e-4,threshold-mode=rel,cooldown=0,min-scale=1e-8).")
  private String plateau;

  /** What is given here wins over what is there. */
  OptimizerSettings over(OptimizerSettings settings) {
    OptimizerSettings changed = settings;
    if (optimizer != null && optimizer != settings.name()) {
      // The file's values belong to the file's optimizer.
      changed =
          new OptimizerSettings(
              optimizer,
              new TreeMap<>(),
              settings.learningRateSchedule(),
              settings.momentumSchedule(),
              settings.rateScaling(),
              settings.plateau());
    }
    changed = changed.withValues(values());
    if (lrSchedule != null) {
      changed = changed.withLearningRateSchedule(lrSchedule);
    }
    if (momentumSchedule != null) {
      changed = changed.withMomentumSchedule(momentumSchedule);
    }
    if (rateScaling != null) {
      changed = changed.withRateScaling(rateScaling);
    }
    return plateau == null ? changed : changed.withPlateau(plateau);
  }

  private Map<String, Double> values() {
    Map<String, Double> values = new TreeMap<>();
    put(values, "lr", lr);
    put(values, "momentum", momentum);
    put(values, "dampening", dampening);
    put(values, "nesterov", nesterov ? 1.0 : null);
    put(values, "weight-decay", weightDecay);
    put(values, "beta1", beta1);
    put(values, "beta2", beta2);
    put(values, "epsilon", epsilon);
    put(values, "alpha", alpha);
    put(values, "centred", centred ? 1.0 : null);
    put(values, "rho", rho);
    put(values, "lr-decay", lrDecay);
    put(values, "initial-accumulator", initialAccumulator);
    put(values, "momentum-decay", momentumDecay);
    put(values, "trust-coefficient", trustCoefficient);
    return values;
  }

  private static void put(Map<String, Double> values, String name, Double value) {
    if (value != null) {
      values.put(name, value);
    }
  }
}
